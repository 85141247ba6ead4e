using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Faults;

/// <summary>What a fault makes of the right answer. Faults of delivery (cut, slow, disconnect) leave it to the <see cref="Call"/>.</summary>
internal static class FaultyReply
{
    public static Reply Of(Fault fault, Reply right, Reply? before, Question question, Upstream upstream, DateTimeOffset now) => fault.Kind switch
    {
        FaultKind.Status => Status(fault, question, upstream, now),
        FaultKind.Html => HtmlPages.Maintenance(),
        FaultKind.EmptyBody => right with { Status = 200, Body = default, Keys = KeyAnswer.None, PerKey = null },
        FaultKind.Repeated => Untold(before ?? right),
        FaultKind.MissingField => Untold(SchemaDrift.Apply(right, fault.Field!, null)),
        FaultKind.RenamedField => Untold(SchemaDrift.Apply(right, fault.Field!, fault.To)),
        FaultKind.CutBody or FaultKind.Disconnect => Untold(right),
        _ => right,
    };

    private static Reply Untold(Reply reply) => reply with { Keys = KeyAnswer.None, PerKey = null };

    private static Reply Status(Fault fault, Question question, Upstream upstream, DateTimeOffset now)
    {
        var reply = fault.Status switch
        {
            401 => upstream.Refuse(new Refusal(RefusalCause.RefusedToken, 401, question)),
            403 => HtmlPages.Challenge(),
            429 => upstream.Refuse(new Refusal(RefusalCause.OverLimit, 429, question)),
            502 or 503 or 504 => HtmlPages.Unavailable(fault.Status),
            var status => Reply.JsonText(status, """{"message":"Internal Server Error"}"""),
        };
        return fault.RetryAfter is { } retryAfter ? reply.With("Retry-After", retryAfter.HeaderValue(now)) : reply;
    }
}
