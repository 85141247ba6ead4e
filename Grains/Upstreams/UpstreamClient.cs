using Polly;
using Polly.Retry;

namespace OrleansBulk.Upstreams;

/// <summary>
/// Makes calls to one upstream: through its gate, with its time-out and its retries. Adapters say how a request is made and how an answer is read;
/// what happens on failure is decided here and nowhere else.
/// </summary>
public sealed class UpstreamClient
{
    private static readonly ResiliencePropertyKey<CallState> StateKey = new("call");

    private readonly UpstreamGate _gate;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly UpstreamMetrics _metrics;
    private readonly ResiliencePipeline<CallResult> _retries;

    internal UpstreamClient(UpstreamGate gate, HttpClient http, TimeProvider time, UpstreamMetrics metrics)
    {
        _gate = gate;
        _http = http;
        _time = time;
        _metrics = metrics;
        _retries = Options.Attempts == 1 ? ResiliencePipeline<CallResult>.Empty : new ResiliencePipelineBuilder<CallResult> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<CallResult>
            {
                MaxRetryAttempts = Options.Attempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = Options.RetryDelay,
                MaxDelay = Options.MaxRetryDelay,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result is CallTroubled && args.Context.Properties.GetValue(StateKey, null!).MayRetry()),
                OnRetry = args =>
                {
                    args.Context.Properties.GetValue(StateKey, null!).Retried(args.RetryDelay);
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    public UpstreamOptions Options => _gate.Options;

    public TimeProvider Time => _time;

    /// <summary>Calls under way on this silo.</summary>
    public int InFlight => _gate.Need.InFlight;

    /// <summary>Says that the upstream's own headers leave nothing for a while.</summary>
    public void Hold(TimeSpan duration, string reason) => _gate.Hold(duration, reason);

    /// <summary>
    /// Makes one call, again where that can help and the budget allows it. Never throws for what the upstream or the network does.
    /// </summary>
    /// <param name="request">Makes a request; called once per try.</param>
    /// <param name="read">Reads an answer with any status. Exceptions from it (JSON that is none) are garbled answers.</param>
    public async Task<CallResult> SendAsync(
        CallBudget budget,
        Func<HttpRequestMessage> request,
        Func<HttpResponseMessage, CancellationToken, Task<CallResult>> read,
        CancellationToken cancellationToken)
    {
        var state = new CallState(this, budget, request, read, _time.GetTimestamp());
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(StateKey, state);
        try
        {
            var result = await _retries.ExecuteAsync(static (context, state) => state.TryAsync(context.CancellationToken), context, state);
            return state.Close(result);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async ValueTask<CallResult> TryOnceAsync(CallState state, CancellationToken cancellationToken)
    {
        var entry = await _gate.EnterAsync(state.Budget.Flow, state.Left, cancellationToken);
        state.Waited(entry);
        using var permit = entry.Permit;
        if (permit is null)
        {
            return new CallDeferred(entry.AskAgainAfter, entry.Reason ?? $"{Options.Name}: no call was free in time");
        }

        state.Called();
        var started = _time.GetTimestamp();
        var result = await CallAsync(state, cancellationToken);
        var took = _time.GetElapsedTime(started);
        state.Answered(took);
        _metrics.Called(Options.Name, result, took);
        switch (result)
        {
            case CallThrottled throttled:
                permit.Complete(CallVerdict.Throttled, throttled.After, throttled.Reason);
                break;
            case CallBlocked blocked:
                permit.Complete(CallVerdict.Blocked, blocked.AtLeast, blocked.Reason);
                break;
            case CallTroubled troubled:
                permit.Complete(CallVerdict.Troubled, reason: troubled.Cause);
                break;
            default:
                permit.Complete(CallVerdict.Good);
                break;
        }

        return result;
    }

    private async Task<CallResult> CallAsync(CallState state, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Options.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var message = state.Request();
            using var response = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return await state.Read(response, both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Our own time-out, or the handler's for connecting, which cancels without anybody having cancelled.
            return new CallTroubled($"{Options.Name}: no answer in time", $"No answer within {Options.Timeout.TotalSeconds:0.#} s.");
        }
        catch (HttpRequestException error)
        {
            return new CallTroubled($"{Options.Name}: connection failed", error.Message);
        }
        catch (Exception error) when (error is IOException or InvalidDataException) // cut off, or cut so that it does not unpack
        {
            return new CallTroubled($"{Options.Name}: answer cut off", error.Message);
        }
        catch (Exception error) when (error is System.Text.Json.JsonException or FormatException or InvalidOperationException or KeyNotFoundException or ArithmeticException or ArgumentException)
        {
            return new CallGarbled($"{Options.Name}: answer cannot be read", error.Message);
        }
    }

    /// <summary>One ask's tries.</summary>
    private sealed class CallState(
        UpstreamClient client,
        CallBudget budget,
        Func<HttpRequestMessage> request,
        Func<HttpResponseMessage, CancellationToken, Task<CallResult>> read,
        long started)
    {
        private int _calls;
        private TimeSpan _calling;
        private TimeSpan _atLimit;
        private TimeSpan _backoff;
        private TimeSpan _parked;

        public CallBudget Budget => budget;

        public Func<HttpRequestMessage> Request => request;

        public Func<HttpResponseMessage, CancellationToken, Task<CallResult>> Read => read;

        private int Attempts => budget.AttemptsSpent + _calls;

        public ValueTask<CallResult> TryAsync(CancellationToken cancellationToken) => client.TryOnceAsync(this, cancellationToken);

        /// <summary>What is left of the budget's wait; the first try has all of it.</summary>
        public TimeSpan Left => budget.WaitAtMost - client._time.GetElapsedTime(started) is var left && left > TimeSpan.Zero ? left : TimeSpan.Zero;

        public bool MayRetry() => !budget.OneTry && Attempts < client.Options.Attempts && client.DelayBefore(Attempts) < Left;

        public void Waited(GateEntry entry)
        {
            _atLimit += entry.Parked ? TimeSpan.Zero : entry.Waited;
            _parked += entry.Parked ? entry.Waited : TimeSpan.Zero;
        }

        public void Called() => _calls++;

        public void Answered(TimeSpan took) => _calling += took;

        public void Retried(TimeSpan delay) => _backoff += delay;

        /// <summary>The one place where a call's end becomes an ask's end.</summary>
        public CallResult Close(CallResult result)
        {
            var cost = new CallCost(_calls, 0, Math.Max(0, _calls - 1), _calling, _atLimit, _backoff, _parked);
            var attempts = Attempts;
            CallResult final = result switch
            {
                CallTroubled troubled when attempts < client.Options.Attempts => new CallDeferred(client.DelayBefore(attempts), troubled.Message),
                CallThrottled throttled => Unspent(new CallDeferred(throttled.After ?? TimeSpan.FromSeconds(1), $"{client.Options.Name}: {throttled.Reason}")),
                CallBlocked blocked => Unspent(new CallDeferred(blocked.AtLeast, $"{client.Options.Name}: {blocked.Reason}")),
                _ => result,
            };
            return final with { Cost = cost, Attempts = attempts };

            // A call that was refused at the door is no attempt at the item.
            CallResult Unspent(CallResult deferred)
            {
                attempts--;
                return deferred;
            }
        }
    }

    /// <summary>The wait before the next try of an item that is asked for again later: as the pipeline would have waited, without its jitter.</summary>
    private TimeSpan DelayBefore(int attemptsSpent)
    {
        var delay = Options.RetryDelay * Math.Pow(2, Math.Clamp(attemptsSpent - 1, 0, 20));
        return delay < Options.MaxRetryDelay ? delay : Options.MaxRetryDelay;
    }
}
