namespace OrleansBulk.Web.Accounts;

/// <summary>How long sign-ins last and how soon changes to them are seen. Section <c>Accounts</c> of the settings.</summary>
public sealed record AccountOptions
{
    public const string Section = "Accounts";

    /// <summary>A session ends after this time without a request. Default 8 hours; from 1 minute up.</summary>
    public TimeSpan SessionIdle { get; init; } = TimeSpan.FromHours(8);

    /// <summary>A session ends after this time however busy it was. Default 7 days; not below <see cref="SessionIdle"/>.</summary>
    public TimeSpan SessionLongest { get; init; } = TimeSpan.FromDays(7);

    /// <summary>How long a user that was read is believed: a disabled user's session ends within this. Default 30 seconds; 0 to 30 seconds.</summary>
    public TimeSpan UserAge { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an API key that was read is believed: a revoked key is refused within this. Default 10 seconds; 0 to 10 seconds.</summary>
    public TimeSpan KeyAge { get; init; } = TimeSpan.FromSeconds(10);

    /// <exception cref="SiloStartException">A setting is out of its range; names it.</exception>
    public static AccountOptions FromConfiguration(IConfiguration configuration)
    {
        var options = configuration.GetSection(Section).Get<AccountOptions>() ?? new();
        return options.Fault() is { } fault ? throw new SiloStartException(fault) : options;
    }

    private string? Fault() => this switch
    {
        _ when SessionIdle < TimeSpan.FromMinutes(1) => $"Accounts:SessionIdle is {SessionIdle}; it must be at least 00:01:00.",
        _ when SessionLongest < SessionIdle => $"Accounts:SessionLongest is {SessionLongest}; it must not be below Accounts:SessionIdle ({SessionIdle}).",
        _ when UserAge < TimeSpan.Zero || UserAge > TimeSpan.FromSeconds(30) => $"Accounts:UserAge is {UserAge}; it must be between 00:00:00 and 00:00:30.",
        _ when KeyAge < TimeSpan.Zero || KeyAge > TimeSpan.FromSeconds(10) => $"Accounts:KeyAge is {KeyAge}; it must be between 00:00:00 and 00:00:10.",
        _ => null,
    };
}
