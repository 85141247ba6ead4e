namespace OrleansBulk.Web.Pages.SystemPages;

/// <summary>A secret that was just made, for the one page that answers to its making.</summary>
public sealed record ShownOnce(string Title, string Secret, string Advice)
{
    /// <summary>Leaves the secret out, should it ever be logged.</summary>
    public override string ToString() => Title;
}
