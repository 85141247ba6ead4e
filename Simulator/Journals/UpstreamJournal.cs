using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Limits;

namespace OrleansBulk.Simulator.Journals;

/// <summary>
/// What one upstream saw since the last reset. A call notes its arrival and its end here; a reset makes a new journal, and calls that
/// began before it end in the old one.
/// </summary>
internal sealed class UpstreamJournal
{
    private readonly Lock _lock = new();
    private readonly SlidingWindow _second = new(1000);
    private readonly Dictionary<string, SlidingWindow> _limitWindows = [];
    private readonly Dictionary<string, long> _operations = [];
    private readonly Dictionary<string, long> _faults = [];
    private readonly Dictionary<string, long> _tokens = [];
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<string, KeyTally>> _keys = new();
    private readonly long[] _classes = new long[4];
    private readonly long[] _refusals = new long[4];
    private DateTimeOffset? _first, _last;
    private long _calls, _aborted, _charged, _limitWindowMs;
    private int _mostAtOnce;

    /// <param name="limitWindowMs">Length of the window of the limit in force, 0 without one.</param>
    public void Arrived(string host, long nowMs, DateTimeOffset at, int inFlight, long limitWindowMs)
    {
        lock (_lock)
        {
            _calls++;
            _first ??= at;
            _last = at;
            if (inFlight > _mostAtOnce) _mostAtOnce = inFlight;
            _second.Add(nowMs);
            if (limitWindowMs != _limitWindowMs)
            {
                _limitWindows.Clear();
                _limitWindowMs = limitWindowMs;
            }
            if (limitWindowMs == 0) return;
            ref var window = ref CollectionsMarshal.GetValueRefOrAddDefault(_limitWindows, host, out _);
            (window ??= new SlidingWindow(limitWindowMs)).Add(nowMs);
        }
    }

    public void Asked(Question question, string? token)
    {
        token = JournalToken.Masked(token);
        lock (_lock)
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_operations, question.Operation, out _)++;
            if (token is not null) CollectionsMarshal.GetValueRefOrAddDefault(_tokens, token, out _)++;
        }
        if (question.Keys.Count == 0) return;
        var tallies = _keys.GetOrAdd(question.Operation, static _ => new ConcurrentDictionary<string, KeyTally>());
        foreach (var key in question.Keys) Interlocked.Increment(ref tallies.GetOrAdd(key.ToLowerInvariant(), static _ => new KeyTally()).Asked);
    }

    public void Answered(Question question, Reply reply)
    {
        if (question.Keys.Count == 0 || !_keys.TryGetValue(question.Operation, out var tallies)) return;
        for (var i = 0; i < question.Keys.Count; i++)
        {
            var answer = reply.For(i);
            if (answer == KeyAnswer.None || !tallies.TryGetValue(question.Keys[i].ToLowerInvariant(), out var tally)) continue;
            Interlocked.Increment(ref answer == KeyAnswer.Found ? ref tally.Answered : ref tally.NotFound);
        }
    }

    public void Ended(int status, RefusalCause? refusal, string? fault)
    {
        lock (_lock)
        {
            if (status >= 200) _classes[Math.Min(3, status / 100 - 2)]++;
            if (refusal is { } cause) _refusals[(int)cause]++;
            if (fault is not null) CollectionsMarshal.GetValueRefOrAddDefault(_faults, fault, out _)++;
        }
    }

    public void Charged(long tokens)
    {
        lock (_lock) _charged += tokens;
    }

    public void Aborted()
    {
        lock (_lock) _aborted++;
    }

    /// <summary>The keys that were asked for by an operation.</summary>
    public IReadOnlyList<string> Asked(string operation) => _keys.TryGetValue(operation, out var tallies) ? [.. tallies.Keys] : [];

    /// <param name="repeated">How many repeated keys to list at most.</param>
    public UpstreamReport Report(int inFlight, int repeated)
    {
        var keys = KeysReport(repeated);
        lock (_lock)
        {
            return new UpstreamReport
            {
                Calls = _calls,
                Answered = new StatusClasses(_classes[0], _classes[1], _classes[2], _classes[3]),
                Refused = new Refusals(_refusals[0], _refusals[1], _refusals[2], _refusals[3]),
                Faults = new Dictionary<string, long>(_faults),
                Aborted = _aborted,
                Charged = _charged,
                InFlight = inFlight,
                MostAtOnce = _mostAtOnce,
                MostInOneSecond = _second.Most,
                MostInLimitWindow = _limitWindowMs == 0 ? null : _limitWindows.Values.Max(window => window.Most),
                LimitWindowMs = _limitWindowMs == 0 ? null : _limitWindowMs,
                First = _first,
                Last = _last,
                Operations = new Dictionary<string, long>(_operations),
                Tokens = new Dictionary<string, long>(_tokens),
                Keys = keys,
            };
        }
    }

    private KeysReport KeysReport(int repeated)
    {
        long distinct = 0, asked = 0, answered = 0, notFound = 0, askedRepeatedly = 0, answeredRepeatedly = 0;
        var most = new List<RepeatedKey>();
        foreach (var (operation, tallies) in _keys)
        {
            foreach (var (key, tally) in tallies)
            {
                distinct++;
                asked += tally.Asked;
                answered += tally.Answered;
                notFound += tally.NotFound;
                if (tally.Answered + tally.NotFound > 1) answeredRepeatedly++;
                if (tally.Asked < 2) continue;
                askedRepeatedly++;
                most.Add(new RepeatedKey(operation, key, tally.Asked, tally.Answered, tally.NotFound));
            }
        }
        return new KeysReport
        {
            Distinct = distinct,
            Asked = asked,
            Answered = answered,
            NotFound = notFound,
            AskedRepeatedly = askedRepeatedly,
            AnsweredRepeatedly = answeredRepeatedly,
            Repeated = [.. most.OrderByDescending(key => key.Asked).ThenBy(key => key.Operation, StringComparer.Ordinal).ThenBy(key => key.Key, StringComparer.Ordinal).Take(repeated)],
        };
    }
}
