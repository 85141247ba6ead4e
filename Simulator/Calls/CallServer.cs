using OrleansBulk.Simulator.Faults;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Calls;

/// <summary>
/// The way of every call: it arrives, is understood, may be refused, may be struck by a fault, takes its time, and is answered.
/// </summary>
internal sealed partial class CallServer(ScenarioStore scenarios, Journal journal, LatencyTimer timer, TimeProvider clock, ILogger<CallServer> logger)
{
    private readonly long _started = clock.GetTimestamp();

    public async Task ServeAsync(HttpContext http, UpstreamDesk desk, string host, QuestionReader read)
    {
        var inForce = scenarios.Current;
        var rules = inForce.Rules[desk.Upstream.Key];
        var call = new Call(http, desk, journal, clock, _started);
        call.Arrive(host, rules.Scenario.Limit);
        try
        {
            var question = await read(http);
            var token = Token(http.Request);
            call.Ask(question, token);
            if (Admit(question, token, rules, desk, host, call, out var quota) is { } refusal)
            {
                await call.RefuseAsync(refusal, Refuse(refusal, rules, desk.Upstream, quota));
                return;
            }
            var door = question.Door?.Invoke(rules, token, clock.GetUtcNow());
            if (door is { Refused: { } cause, Reply: { } turnedAway })
            {
                await call.RefuseAsync(new Refusal(cause, turnedAway.Status, question), turnedAway with { Headers = [.. turnedAway.Headers, .. door.Headers] });
                return;
            }
            await AnswerAsync(call, question, inForce, rules, desk, token, quota, door?.Headers ?? []);
        }
        catch (Exception left) when (left is OperationCanceledException or IOException)
        {
            call.Abort();
        }
        catch (Exception defect) when (call.Close())
        {
            LogDefect(defect, desk.Upstream.Key, http.Request.Path);
            throw;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A call to {Upstream} at {Path} met a defect of the simulator.")]
    private partial void LogDefect(Exception defect, string upstream, string path);

    private Refusal? Admit(Question question, string? token, UpstreamRules rules, UpstreamDesk desk, string host, Call call, out QuotaState? quota)
    {
        quota = null;
        if (token is not null && rules.RefusedTokens.Contains(token)) return new Refusal(RefusalCause.RefusedToken, 401, question);
        if (question.Free) return null;
        quota = rules.Quotas?.Look(token, question.Resource, clock.GetUtcNow());
        if (rules.Scenario.Concurrency is { } concurrency && !call.TryBeginWork(concurrency.Max))
            return new Refusal(RefusalCause.OverConcurrency, concurrency.Status, question);
        if (rules.Limiter is { } limiter && !limiter.TryAdmit(host, call.ArrivedMs))
            return new Refusal(RefusalCause.OverLimit, rules.Scenario.Limit!.Status, question);
        quota = rules.Quotas?.Take(token, question.Resource, clock.GetUtcNow());
        return quota is { Exceeded: true } over ? new Refusal(RefusalCause.OverQuota, rules.Scenario.Quota!.Status, question) { Limit = over.Limit } : null;
    }

    private Reply Refuse(Refusal refusal, UpstreamRules rules, Upstream upstream, QuotaState? quota)
    {
        var retryAfter = refusal.Cause switch
        {
            RefusalCause.OverLimit => rules.Scenario.Limit?.RetryAfter,
            RefusalCause.OverConcurrency => rules.Scenario.Concurrency?.RetryAfter,
            _ => null,
        };
        return WithQuota(WithRetryAfter(upstream.Refuse(refusal), retryAfter), quota);
    }

    private async Task AnswerAsync(Call call, Question question, ScenarioInForce inForce, UpstreamRules rules, UpstreamDesk desk, string? token, QuotaState? quota,
        IReadOnlyList<(string Name, string Value)> headers)
    {
        var (upstream, seed, number) = (desk.Upstream.Key, inForce.Scenario.Seed, rules.Memory.NextCall());
        var fault = rules.Faults.Pick(question, number, upstream, seed, clock, call.Arrived);
        if (question.Charge is { } charge && fault?.Kind is not (FaultKind.Status or FaultKind.OverLimit))
            call.Charge(charge(fault?.Kind, new Knowledge(inForce.World, rules, token, quota, clock.GetUtcNow()) { Scenario = inForce.Scenario, Nppes = inForce.Nppes }));
        if (fault?.Kind == FaultKind.Hang)
        {
            call.Strike(fault);
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, call.Leaving);
        }
        if (question.Changes && fault?.Kind is FaultKind.Status or FaultKind.OverLimit or FaultKind.Html) question = question.Undone();
        var world = fault?.Kind == FaultKind.Stale ? inForce.EarlierWorld : inForce.World;
        var know = new Knowledge(world, rules, token, quota, clock.GetUtcNow()) { Scenario = inForce.Scenario, Nppes = inForce.Nppes };
        var reply = (fault is null ? null : question.Faulty?.Invoke(fault.Kind, know)) ?? question.Answer(know);
        if (reply.Free && quota is not null) quota = rules.Quotas?.Return(token, question.Resource, clock.GetUtcNow());
        var before = rules.Faults.KeepsAnswers ? rules.Memory.Exchange(question.Operation, reply) : null;
        if (fault is not null)
        {
            call.Strike(fault);
            if (fault.Kind == FaultKind.Unanswered) await Task.Delay(Timeout.InfiniteTimeSpan, clock, call.Leaving);
            reply = FaultyReply.Of(fault, reply, before, new FaultSetting(question, desk.Upstream, rules.Scenario, clock.GetUtcNow()));
        }
        reply = WithQuota(reply with { Headers = [.. reply.Headers, .. headers] }, quota);
        var latency = LatencyDraw.Of(rules.Scenario.Latency, seed, upstream, number);
        if (latency > TimeSpan.Zero) await timer.WaitUntilAsync(call.Arrived + (long)(latency.TotalSeconds * clock.TimestampFrequency), call.Leaving);
        await call.LetGoAsync();
        await call.SendAsync(reply, fault, timer);
    }

    private Reply WithRetryAfter(Reply reply, RetryAfter? retryAfter) =>
        retryAfter is null ? reply : reply.With("Retry-After", retryAfter.HeaderValue(clock.GetUtcNow()));

    private static Reply WithQuota(Reply reply, QuotaState? quota) => quota is not { Told: true } state ? reply : reply with
    {
        Headers =
        [
            .. reply.Headers,
            ("X-RateLimit-Limit", state.Limit.ToString()),
            ("X-RateLimit-Remaining", state.Remaining.ToString()),
            ("X-RateLimit-Reset", state.ResetsAt.ToUnixTimeSeconds().ToString()),
            ("X-RateLimit-Used", state.Used.ToString()),
            ("X-RateLimit-Resource", state.Resource),
        ],
    };

    /// <summary>The token of <c>Authorization: Bearer x</c> (or <c>token x</c>) or of <c>x-api-key</c>, null without one.</summary>
    public static string? Token(HttpRequest request)
    {
        if (request.Headers["x-api-key"].ToString() is { Length: > 0 } key) return key;
        var header = request.Headers.Authorization.ToString();
        var space = header.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? null : header[(space + 1)..].Trim();
    }
}
