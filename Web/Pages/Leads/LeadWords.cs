namespace OrleansBulk.Web.Pages.Leads;

/// <summary>Leads in words, for pages.</summary>
public static class LeadWords
{
    /// <summary>The colour of a status, as a class of <c>app.css</c>.</summary>
    public static string Tone(string status) => status switch
    {
        "won" => "good",
        "lost" => "bad",
        "qualified" => "warn",
        "contacted" => "busy",
        _ => "quiet",
    };
}
