namespace OrleansBulk.Leads;

/// <summary>What a lead can be.</summary>
public static class LeadStatus
{
    public const string New = "new";

    /// <summary>In the order in which a good one goes through them.</summary>
    public static readonly IReadOnlyList<string> All = [New, "contacted", "qualified", "won", "lost"];
}
