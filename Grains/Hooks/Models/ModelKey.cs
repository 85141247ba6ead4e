using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks.Models;

/// <summary>An account at a provider, by the name of its key: what is refused there is refused for all models. Written under its own lock.</summary>
internal sealed class ProviderAccount(string keyName)
{
    private readonly Lock _sync = new();
    private DateTimeOffset _until;
    private string? _reason;

    public string KeyName => keyName;

    /// <summary>Why the key is not used at the moment; null when it is.</summary>
    public string? WhySetAside(DateTimeOffset now)
    {
        lock (_sync)
        {
            return now < _until ? _reason : null;
        }
    }

    public void SetAside(string reason, DateTimeOffset until)
    {
        lock (_sync)
        {
            (_reason, _until) = (reason, until);
        }
    }
}

/// <summary>One key as one model uses it: its gate, its tokens a minute, and how much it was used.</summary>
internal sealed class ModelKey(ProviderAccount account, string? secret, UpstreamClient client, int? tokensPerMinute)
{
    public ProviderAccount Account => account;

    public string? Secret => secret;

    public UpstreamClient Client => client;

    public TokenWindow Tokens { get; } = new(tokensPerMinute);

    /// <summary>Requests that the headers say are left; what is configured a minute is the gate's to keep.</summary>
    public TokenWindow Requests { get; } = new(perMinute: null);

    /// <summary>Calls given to it. Written under the ring's lock, like what follows.</summary>
    public long Given { get; set; }

    /// <summary>It was not used for a while: it does not catch up with the others.</summary>
    public bool WasAway { get; set; }

    /// <summary>The provider wants this key left alone until then.</summary>
    public DateTimeOffset HeldUntil { get; set; }
}
