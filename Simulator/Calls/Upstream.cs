namespace OrleansBulk.Simulator.Calls;

/// <summary>One simulated upstream: its addresses, and the words in which it turns calls away.</summary>
internal abstract class Upstream(string key)
{
    /// <summary>One of <see cref="Worlds.Platforms.All"/>.</summary>
    public string Key => key;

    public abstract void Map(UpstreamRoutes routes);

    /// <summary>What a fault of the kind <see cref="Scenarios.FaultKind.Status"/> looks like in the upstream's own words; null: as everywhere.</summary>
    public virtual Reply? Fail(Scenarios.Fault fault) => null;

    /// <summary>The body and the status of a refusal; Retry-After and quota headers are added to it.</summary>
    public virtual Reply Refuse(Refusal refusal) => refusal.Status switch
    {
        401 => Reply.JsonText(401, """{"message":"Unauthorized"}"""),
        403 => HtmlPages.Challenge(),
        503 => HtmlPages.Unavailable(503),
        var status => HtmlPages.TooManyRequests(status),
    };
}
