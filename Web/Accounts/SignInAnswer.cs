namespace OrleansBulk.Web.Accounts;

/// <summary>What an attempt to sign in came to.</summary>
public abstract record SignInAnswer
{
    private SignInAnswer()
    {
    }

    public sealed record Granted(User User) : SignInAnswer;

    /// <summary>Wrong name or password, or a disabled user: which of them is not told.</summary>
    public sealed record Refused : SignInAnswer;

    /// <summary>Too many attempts; nothing was looked at.</summary>
    public sealed record Throttled(TimeSpan Wait) : SignInAnswer;
}
