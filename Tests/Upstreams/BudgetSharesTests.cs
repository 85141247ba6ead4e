using OrleansBulk.Upstreams;

namespace OrleansBulk.Tests.Upstreams;

public sealed class BudgetSharesTests
{
    private static readonly TimeSpan ValidFor = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Turn = TimeSpan.FromSeconds(10);
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>
    /// Silos come, go, die and lose answers while each calls as much as it may. Counted where it matters, at the upstream: calls at once, and calls in any window.
    /// </summary>
    [Theory]
    [InlineData(1, "1 per 2s", 3)]
    [InlineData(4, "2 per 1s", 2)]
    [InlineData(10, "5 per 1s, 60 per 20s", 4)]
    [InlineData(20, "none", 5)]
    [InlineData(3, "30 per 3s", 6)]
    public void Upstream_NeverSeesMoreThanItsLimits_WhateverSilosDo(int concurrency, string limits, int silos)
    {
        for (var seed = 0; seed < 15; seed++)
        {
            var cluster = new SimulatedCluster(concurrency, CallLimit.ParseList(limits), silos, new Random(seed));

            cluster.Run(TimeSpan.FromMinutes(3), silosChange: true);

            Assert.True(cluster.MostAtOnce <= concurrency, $"Seed {seed}: {cluster.MostAtOnce} calls at once where {concurrency} are allowed.");
            foreach (var limit in CallLimit.ParseList(limits))
            {
                Assert.True(cluster.MostIn(limit.Per) <= limit.Calls, $"Seed {seed}: {cluster.MostIn(limit.Per)} calls in a window where {limit} are allowed.");
            }

            Assert.True(cluster.Calls > 10, $"Seed {seed}: {cluster.Calls} calls are too few to say anything.");
        }
    }

    [Theory]
    [InlineData(1, "1 per 2s", 3)]
    [InlineData(1, "1 per 2s", 2)]
    [InlineData(4, "2 per 1s", 3)]
    [InlineData(10, "5 per 1s", 4)]
    public void NoSilo_Starves(int concurrency, string limits, int silos)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var cluster = new SimulatedCluster(concurrency, CallLimit.ParseList(limits), silos, new Random(seed));

            cluster.Run(TimeSpan.FromMinutes(4), silosChange: false);

            // A round of turns, with what passes between two of them.
            var longest = (Turn + TimeSpan.FromSeconds(8)) * silos;
            Assert.All(cluster.LongestWaits, wait => Assert.True(wait <= longest, $"Seed {seed}: a silo waited {wait} for a call; {longest} is a round."));
        }
    }

    [Fact]
    public void SingleSilo_GetsEverything()
    {
        var shares = Shares(10, "5 per 1s, 900 per 1m");

        var lease = shares.Renew(new RenewLease("a", 3, 0), Start);

        Assert.Equal(10, lease.Concurrency);
        Assert.Equal([5, 900], lease.Share.ToArray());
    }

    [Fact]
    public void TwoSilos_ShareEvenly_AndNothingIsLeftOver()
    {
        var shares = Shares(7, "5 per 1s");
        var (a, b) = Settle(shares, 100, 100);

        Assert.Equal(7, a.Concurrency + b.Concurrency);
        Assert.Equal(5, a.Share[0] + b.Share[0]);
        Assert.InRange(a.Concurrency, 3, 4);
        Assert.InRange(a.Share[0], 2, 3);
    }

    [Fact]
    public void ModestSilo_LeavesItsPartToTheOther()
    {
        var shares = Shares(20, "none");
        var (modest, busy) = Settle(shares, 2, 100);

        Assert.Equal(2, modest.Concurrency);
        Assert.Equal(18, busy.Concurrency);
    }

    [Fact]
    public void LoweredShare_CountsUntilItsLeaseIsOver_EvenWhenFewCallsWereReported()
    {
        // The silo reported 0 calls and may begin 10 before it hears that it has only 5 now.
        var shares = Shares(10, "none");
        Assert.Equal(10, shares.Renew(new RenewLease("a", 50, 0), Start).Concurrency);
        Assert.Equal(0, shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(0.1)).Concurrency);
        Assert.Equal(5, shares.Renew(new RenewLease("a", 50, 0), Start.AddSeconds(1)).Concurrency);

        Assert.Equal(0, shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(1.1)).Concurrency);
        shares.Renew(new RenewLease("a", 50, 5), Start.AddSeconds(2.1));
        Assert.Equal(5, shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(2.2)).Concurrency);
    }

    [Fact]
    public void ReleasedSilosCalls_CountWhileTheyCanLast()
    {
        var shares = Shares(10, "none");
        shares.Renew(new RenewLease("a", 10, 4), Start);
        shares.Release(new ReleaseLease("a", 4), Start.AddSeconds(1));

        Assert.Equal(6, shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(1.1)).Concurrency);
        Assert.Equal(10, shares.Renew(new RenewLease("b", 50, 6), Start.AddSeconds(11.1)).Concurrency);
    }

    [Fact]
    public void DeadSilosShare_IsFreeWhenItsLeaseAndTheTrailingPeriodAreOver()
    {
        var shares = Shares(10, "4 per 1s");
        shares.Renew(new RenewLease("dead", 10, 10), Start);

        Assert.Equal([0], shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(2.5)).Share.ToArray());
        var lease = shares.Renew(new RenewLease("b", 50, 0), Start.AddSeconds(3));

        Assert.Equal(10, lease.Concurrency);
        Assert.Equal([4], lease.Share.ToArray());
    }

    [Fact]
    public void NeedThatComesAndGoes_StillFreesWhatItShould()
    {
        // A new silo's few calls change the other one's share with every renewal: each lowering counts from its own time, not from the last one.
        var shares = Shares(20, "40 per 10s");
        var got = 0;
        for (var second = 0.0; second < 30; second++)
        {
            shares.Renew(new RenewLease("big", 500, 20), Start.AddSeconds(second));
            if (second > 5)
            {
                got = Math.Max(got, shares.Renew(new RenewLease("small", (int)second % 3, 0), Start.AddSeconds(second + 0.5)).Share[0]);
            }
        }

        Assert.True(got > 0, "The small silo never got a call.");
    }

    [Fact]
    public void HolderWithNothingToDo_GivesItsTurnUp()
    {
        var shares = Shares(1, "1 per 2s");
        Assert.Equal([1], shares.Renew(new RenewLease("a", 5, 0), Start).Share.ToArray());
        Assert.Equal([0], shares.Renew(new RenewLease("b", 5, 0), Start.AddSeconds(0.5)).Share.ToArray());

        Assert.Equal([0], shares.Renew(new RenewLease("a", 0, 0), Start.AddSeconds(1)).Share.ToArray());
        Assert.Equal([1], shares.Renew(new RenewLease("b", 5, 0), Start.AddSeconds(5.5)).Share.ToArray());
    }

    [Fact]
    public void IdleOnlyWhenNothingIsOut()
    {
        var shares = Shares(10, "none");
        Assert.True(shares.IsIdle);
        shares.Renew(new RenewLease("a", 1, 0), Start);
        Assert.False(shares.IsIdle);

        shares.Release(new ReleaseLease("a", 0), Start.AddSeconds(1));

        Assert.True(shares.IsIdle);
    }

    [Fact]
    public void ChangedLimits_AreSharedAnew_AndALongerPeriodCountsForCallsMadeBefore()
    {
        var shares = Shares(10, "5 per 1s");
        Settle(shares, 100, 100); // until Start + 9.5

        shares.Change(4, CallLimit.ParseList("1 per 4s"));

        var last = Start.AddSeconds(9.5);
        Assert.Equal([0], shares.Renew(new RenewLease("a", 100, 0), last.AddSeconds(5.9)).Share.ToArray()); // the other's lease, and the period
        var lease = shares.Renew(new RenewLease("a", 100, 0), last.AddSeconds(6.1));
        Assert.Equal([1], lease.Share.ToArray());
        Assert.Equal(4, lease.Concurrency);

        shares.Change(10, CallLimit.ParseList("5 per 1s"));
        Assert.Equal([5], shares.Renew(new RenewLease("a", 100, 0), last.AddSeconds(7)).Share.ToArray());
    }

    /// <summary>Two silos renewing until nothing of an earlier share counts any more.</summary>
    private static (BudgetLease First, BudgetLease Second) Settle(BudgetShares shares, int firstWants, int secondWants)
    {
        BudgetLease? first = null;
        BudgetLease? second = null;
        for (var second10 = 0; second10 < 10; second10++)
        {
            first = shares.Renew(new RenewLease("a", firstWants, 0), Start.AddSeconds(second10));
            second = shares.Renew(new RenewLease("b", secondWants, 0), Start.AddSeconds(second10 + 0.5));
        }

        return (first!, second!);
    }

    private static BudgetShares Shares(int concurrency, string limits) =>
        new(concurrency, CallLimit.ParseList(limits), ValidFor, Turn, longestCall: TimeSpan.FromSeconds(10));

    /// <summary>Silos that call whenever they may, and one that keeps the shares: everything in steps of 20 ms.</summary>
    private sealed class SimulatedCluster(int concurrency, IReadOnlyList<CallLimit> limits, int silos, Random random)
    {
        private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(20);
        private static readonly TimeSpan LongestCall = TimeSpan.FromSeconds(4);
        private readonly BudgetShares _shares = new(concurrency, limits, ValidFor, Turn, LongestCall);
        private readonly List<SimulatedSilo> _silos = [.. Enumerable.Range(0, silos).Select(number => new SimulatedSilo($"silo{number}.0", limits))];
        private readonly List<DateTimeOffset> _inFlightUntil = []; // of silos that released and are gone
        private readonly List<DateTimeOffset> _arrivals = [];

        public int MostAtOnce { get; private set; }

        public int Calls => _arrivals.Count;

        public IEnumerable<TimeSpan> LongestWaits => _silos.Select(silo => silo.LongestWait);

        public int MostIn(TimeSpan period)
        {
            var (most, first) = (0, 0);
            for (var last = 0; last < _arrivals.Count; last++)
            {
                while (_arrivals[last] - _arrivals[first] >= period)
                {
                    first++;
                }

                most = Math.Max(most, last - first + 1);
            }

            return most;
        }

        public void Run(TimeSpan duration, bool silosChange)
        {
            for (var now = Start; now < Start + duration; now += Step)
            {
                for (var i = 0; i < _silos.Count; i++)
                {
                    _silos[i] = silosChange ? Change(_silos[i], now) : _silos[i];
                    Exchange(_silos[i], now);
                    Call(_silos[i], now, always: !silosChange);
                }

                _inFlightUntil.RemoveAll(until => until <= now);
                MostAtOnce = Math.Max(MostAtOnce, _inFlightUntil.Count + _silos.Sum(silo => silo.InFlightUntil.Count));
            }

            _silos.ForEach(silo => silo.Served(Start + duration));
        }

        private SimulatedSilo Change(SimulatedSilo silo, DateTimeOffset now)
        {
            switch (random.Next(3000))
            {
                case 0: // killed, with its calls
                    return silo.Next(limits);
                case 1: // stopped: its calls go on
                    _inFlightUntil.AddRange(silo.InFlightUntil);
                    _shares.Release(new ReleaseLease(silo.Name, silo.InFlightUntil.Count), now);
                    return silo.Next(limits);
                default:
                    silo.Waiting = random.Next(100) == 0 ? random.Next(0, 30) * random.Next(2) : silo.Waiting;
                    return silo;
            }
        }

        private void Exchange(SimulatedSilo silo, DateTimeOffset now)
        {
            if (silo.Answer is { } answer && answer.At <= now)
            {
                silo.Answer = null;
                silo.Lost = random.Next(12) == 0 && !silo.Lost; // one answer is lost, not two in a row
                if (!silo.Lost)
                {
                    silo.Apply(answer.Lease, answer.Sent);
                }

                silo.AskAt = now + (silo.Lost ? TimeSpan.FromSeconds(0.5) : answer.Lease.AskAgainAfter);
            }
            else if (silo.Request is { } request && request.At <= now)
            {
                silo.Request = null;
                silo.Answer = (now + Delay(), request.Sent, _shares.Renew(request.Ask, now));
            }
            else if (silo.Answer is null && silo.Request is null && silo.AskAt <= now)
            {
                silo.Request = (now + Delay(), now, new RenewLease(silo.Name, silo.Waiting, silo.InFlightUntil.Count));
            }
        }

        private void Call(SimulatedSilo silo, DateTimeOffset now, bool always)
        {
            silo.InFlightUntil.RemoveAll(until => until <= now);
            silo.Waiting = always ? 20 : silo.Waiting;
            while (silo.Waiting > 0 && silo.MayCall(now))
            {
                silo.Waiting--;
                silo.Served(now);
                silo.InFlightUntil.Add(now + (LongestCall * random.NextDouble()));
                _arrivals.Add(now);
            }
        }

        private TimeSpan Delay() => Step * random.Next(0, 6);
    }

    private sealed class SimulatedSilo(string name, IReadOnlyList<CallLimit> limits)
    {
        private readonly CallWindow[] _windows = [.. limits.Select(limit => new CallWindow(limit, TimeSpan.Zero) { Share = 0 })];
        private int _concurrency;
        private DateTimeOffset _until;
        private DateTimeOffset _served = Start;

        public string Name => name;

        public int Waiting { get; set; } = 20;

        public List<DateTimeOffset> InFlightUntil { get; } = [];

        public TimeSpan LongestWait { get; private set; }

        public (DateTimeOffset At, DateTimeOffset Sent, RenewLease Ask)? Request { get; set; }

        public (DateTimeOffset At, DateTimeOffset Sent, BudgetLease Lease)? Answer { get; set; }

        public DateTimeOffset AskAt { get; set; }

        public bool Lost { get; set; }

        public void Apply(BudgetLease lease, DateTimeOffset sent)
        {
            _concurrency = lease.Concurrency;
            _until = sent + lease.ValidFor;
            for (var i = 0; i < _windows.Length; i++)
            {
                _windows[i].Share = lease.Share[i];
            }
        }

        public bool MayCall(DateTimeOffset now)
        {
            if (now >= _until || InFlightUntil.Count >= _concurrency || !_windows.All(window => window.NextFree() <= now.Ticks))
            {
                return false;
            }

            foreach (var window in _windows)
            {
                window.Grant(now.Ticks);
            }

            return true;
        }

        public void Served(DateTimeOffset now)
        {
            LongestWait = now - _served > LongestWait ? now - _served : LongestWait;
            _served = now;
        }

        /// <summary>The process that follows: it knows nothing, and has another name.</summary>
        public SimulatedSilo Next(IReadOnlyList<CallLimit> limits)
        {
            var dot = name.IndexOf('.', StringComparison.Ordinal);
            return new SimulatedSilo($"{name[..dot]}.{int.Parse(name[(dot + 1)..]) + 1}", limits);
        }
    }
}
