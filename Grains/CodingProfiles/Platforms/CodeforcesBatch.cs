using System.Text.Json;
using OrleansBulk.Upstreams;

namespace OrleansBulk.CodingProfiles;

/// <summary>
/// One load of many handles. An unknown handle fails the whole call, which names it: it is taken out and the rest is asked for again, one call more for each.
/// Splitting would cost more, since every failure names its handle. Only a failure that names nobody is split, to find whom it means.
/// </summary>
internal sealed class CodeforcesBatch(CodeforcesPlatform platform, IReadOnlyList<string> handles, CallBudget budget)
{
    /// <summary>The form may hold 65,536 bytes; each handle takes its length and three for <c>%3B</c>.</summary>
    private const int BodyBytes = 65_000;

    private readonly Dictionary<string, CallResult> _results = new(StringComparer.OrdinalIgnoreCase);
    private readonly Stack<List<string>> _open = new();

    /// <returns>One result per handle, in order.</returns>
    public async Task<IReadOnlyList<CallResult>> LoadAsync(CancellationToken cancellationToken)
    {
        Divide();
        var ask = new PlatformAsk(platform.Client, budget, cancellationToken);
        while (_open.TryPop(out var asked))
        {
            var reply = await ask.SendAsync(() => Request(asked), (response, token) => platform.ReadAsync(response, result => Read(result, asked), token));
            switch (reply)
            {
                case CallAnswered<IReadOnlyList<ProfileSnapshot>> answered:
                    for (var i = 0; i < asked.Count; i++)
                    {
                        _results[asked[i]] = new CallAnswered<PlatformAnswer>(new PlatformProfile(answered.Value[i])) { Attempts = reply.Attempts };
                    }

                    break;
                case CallMissing missing:
                    TakeOut(asked, missing);
                    break;
                default:
                    // Whatever holds this call back holds back the others too.
                    asked.AddRange(_open.SelectMany(others => others));
                    _open.Clear();
                    asked.ForEach(handle => _results[handle] = reply);
                    break;
            }
        }

        return [.. handles.Select(handle => _results[handle] with { Cost = ask.Cost })];
    }

    /// <summary>Each handle once, in parts whose form fits.</summary>
    private void Divide()
    {
        var part = new List<string>();
        var bytes = 0;
        foreach (var handle in handles.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (bytes + handle.Length + 3 > BodyBytes)
            {
                _open.Push(part);
                part = [];
                bytes = 0;
            }

            part.Add(handle);
            bytes += handle.Length + 3;
        }

        _open.Push(part);
    }

    private void TakeOut(List<string> asked, CallMissing missing)
    {
        var named = CodeforcesPlatform.UnknownHandle(missing.Message);
        var index = named is null ? -1 : asked.FindIndex(handle => handle.Equals(named, StringComparison.OrdinalIgnoreCase));
        if (index < 0 && asked.Count > 1)
        {
            _open.Push(asked.GetRange(asked.Count / 2, asked.Count - (asked.Count / 2)));
            _open.Push(asked.GetRange(0, asked.Count / 2));
            return;
        }

        index = Math.Max(index, 0);
        _results[asked[index]] = missing;
        asked.RemoveAt(index);
        if (asked.Count > 0)
        {
            _open.Push(asked);
        }
    }

    private CallResult Read(JsonElement result, List<string> asked)
    {
        var profiles = CodeforcesAnswers.Profiles(result, asked, platform.Client.Time.GetUtcNow());
        return platform.IsRepeated(profiles, asked)
            ? new CallGarbled("codeforces: answer about another", $"The answer before it came again, beginning with '{profiles[0].Handle}' for '{asked[0]}'.")
            : new CallAnswered<IReadOnlyList<ProfileSnapshot>>(profiles);
    }

    private HttpRequestMessage Request(List<string> asked) => PlatformRequest.Post(
        platform.Client.Options.BaseUrl,
        "/api/user.info",
        PlatformRequest.Ours,
        new FormUrlEncodedContent([new("handles", string.Join(';', asked)), new("checkHistoricHandles", "true")]));
}
