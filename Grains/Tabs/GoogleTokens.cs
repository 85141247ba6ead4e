using System.Net;
using System.Text.Json;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Tabs;

/// <summary>The token of the service account: asked for when it is needed, kept until a minute before its end.</summary>
internal sealed class GoogleTokens(UpstreamClient client, SheetsOptions options) : IDisposable
{
    private static readonly TimeSpan Early = TimeSpan.FromSeconds(60);

    private readonly PlatformReader _reader = new(client, SheetsApi.BlockedFor);
    private readonly SemaphoreSlim _one = new(1, 1);
    private volatile GoogleToken? _token; // written by whoever holds _one, and by who was refused; read by all

    /// <returns><see cref="CallAnswered{T}"/> with the token (<see cref="GoogleToken"/>), or what came instead.</returns>
    public async Task<CallResult> GetAsync(CallBudget budget, CancellationToken cancellationToken)
    {
        if (Current is { } known)
        {
            return new CallAnswered<GoogleToken>(known);
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            return Current is { } fetched ? new CallAnswered<GoogleToken>(fetched) : await FetchAsync(budget, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>It was refused: the next call asks for another one.</summary>
    public void Forget(GoogleToken token)
    {
        if (_token == token)
        {
            _token = null;
        }
    }

    public void Dispose() => _one.Dispose();

    private GoogleToken? Current => _token is { } known && client.Time.GetUtcNow() < known.Until ? known : null;

    private async Task<CallResult> FetchAsync(CallBudget budget, CancellationToken cancellationToken)
    {
        var (key, problem) = await ReadKeyAsync(cancellationToken);
        if (key is null)
        {
            return new CallRefused($"Tabs:Sheets:KeyFile is '{options.KeyFile}', which cannot be used: {problem}.");
        }

        var asked = client.Time.GetUtcNow(); // its life begins when it is made: no earlier than this
        var result = await client.SendAsync(budget, () => Request(key), (response, token) => _reader.JsonAsync(response, (status, root) => Read(status, root, key), token), cancellationToken);
        if (result is CallAnswered<Granted> { Value: var granted })
        {
            var made = new GoogleToken(granted.AccessToken, key.Email, asked + granted.Life - Early);
            _token = made;
            return new CallAnswered<GoogleToken>(made) { Cost = result.Cost, Attempts = result.Attempts };
        }

        return result;
    }

    private HttpRequestMessage Request(GoogleKey key)
    {
        var form = new FormUrlEncodedContent([new("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), new("assertion", key.Sign(client.Time.GetUtcNow()))]);
        return PlatformRequest.Post(client.Options.SecondUrl ?? throw new InvalidOperationException($"Upstreams:{client.Options.Name}:SecondUrl is missing."), "/token", PlatformRequest.Ours, form);
    }

    private static CallResult? Read(HttpStatusCode status, JsonElement root, GoogleKey key)
    {
        if (status == HttpStatusCode.OK)
        {
            return new CallAnswered<Granted>(new Granted(root.Require("access_token").GetString()!, TimeSpan.FromSeconds(root.GetProperty("expires_in").GetInt64())));
        }

        if (status is HttpStatusCode.BadRequest or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && root.ValueKind == JsonValueKind.Object && root.Text("error") is { } error)
        {
            return new CallRefused(
                $"Google refuses the service account {key.Email}: {root.Text("error_description", ProfileText.Long) ?? "no reason given"} ({error}). Check the key in Tabs:Sheets:KeyFile and the clock of this machine.");
        }

        return null;
    }

    private async Task<(GoogleKey? Key, string? Problem)> ReadKeyAsync(CancellationToken cancellationToken)
    {
        try
        {
            var key = GoogleKey.Parse(await File.ReadAllTextAsync(options.KeyFile, cancellationToken));
            key.Sign(client.Time.GetUtcNow()); // what is no key is said here, not by a call
            return (key, null);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return (null, error.Message.TrimEnd('.'));
        }
        catch (FormatException error)
        {
            return (null, error.Message);
        }
    }

    private sealed record Granted(string AccessToken, TimeSpan Life)
    {
        public override string ToString() => "a token";
    }
}

/// <param name="Email">The service account that it speaks for.</param>
/// <param name="Until">When another one is asked for.</param>
internal sealed record GoogleToken(string Text, string Email, DateTimeOffset Until)
{
    // A record prints its members; the credential stays out of logs.
    public override string ToString() => $"a token of {Email}";
}
