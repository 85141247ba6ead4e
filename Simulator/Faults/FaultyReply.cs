using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Faults;

/// <summary>The call that a fault strikes.</summary>
internal readonly record struct FaultSetting(Question Question, Upstream Upstream, UpstreamScenario Scenario, DateTimeOffset Now);

/// <summary>What a fault makes of the right answer. Faults of delivery (cut, slow, disconnect) leave the body to the <see cref="Call"/>.</summary>
internal static class FaultyReply
{
    /// <param name="before">The answer before this one of the same operation, if any.</param>
    public static Reply Of(Fault fault, Reply right, Reply? before, FaultSetting setting)
    {
        var reply = Change(fault, right, before, setting);
        return reply.Body.Equals(right.Body) || reply.Pieces != right.Pieces ? reply : reply with { Pieces = [] };
    }

    private static Reply Change(Fault fault, Reply right, Reply? before, FaultSetting setting) => fault.Kind switch
    {
        FaultKind.Status => WithRetryAfter(setting.Upstream.Fail(fault) ?? Status(fault.Status ?? 500, setting), fault, setting),
        FaultKind.OverLimit => WithRetryAfter(OverLimit(fault.Status ?? setting.Scenario.Limit?.Status ?? 429, setting), fault, setting),
        FaultKind.Html => HtmlPages.Maintenance(),
        FaultKind.EmptyBody => Untold(right with { Status = 200, Body = default }),
        FaultKind.Repeated => Untold(before ?? right),
        FaultKind.MissingField => Untold(SchemaDrift.Apply(right, fault.Field!, null)),
        FaultKind.RenamedField => Untold(SchemaDrift.Apply(right, fault.Field!, fault.To)),
        FaultKind.CutBody or FaultKind.Disconnect => Untold(right),
        _ => right,
    };

    private static Reply Untold(Reply reply) => reply with { Keys = KeyAnswer.None, PerKey = null };

    private static Reply OverLimit(int status, FaultSetting setting) =>
        setting.Upstream.Refuse(new Refusal(RefusalCause.OverLimit, status, setting.Question));

    private static Reply Status(int status, FaultSetting setting) => status switch
    {
        401 => setting.Upstream.Refuse(new Refusal(RefusalCause.RefusedToken, 401, setting.Question)),
        403 => HtmlPages.Challenge(),
        429 => OverLimit(429, setting),
        502 or 503 or 504 => HtmlPages.Unavailable(status),
        _ => Reply.JsonText(status, """{"message":"Internal Server Error"}"""),
    };

    private static Reply WithRetryAfter(Reply reply, Fault fault, FaultSetting setting) =>
        fault.RetryAfter is { } retryAfter ? reply.With("Retry-After", retryAfter.HeaderValue(setting.Now)) : reply;
}
