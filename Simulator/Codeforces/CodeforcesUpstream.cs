using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Worlds;

namespace OrleansBulk.Simulator.Codeforces;

/// <summary>codeforces.com/api: user.info for many handles at once, user.rating and user.status for one; by GET and by POSTed form.</summary>
internal sealed class CodeforcesUpstream() : Upstream(Platforms.Codeforces)
{
    private const string Host = "codeforces";
    private const int HighestHandles = 10_000;

    public override void Map(UpstreamRoutes routes)
    {
        foreach (var (method, read) in new (string, Func<CodeforcesParameters, Question>)[] { ("user.info", Info), ("user.rating", Rating), ("user.status", Status) })
        {
            routes.Get(Host, $"api/{method}", http => read(CodeforcesParameters.FromQuery(http.Request)));
            routes.Post(Host, $"api/{method}", async http =>
                await CodeforcesParameters.FromFormAsync(http.Request, http.RequestAborted) is { } parameters ? read(parameters) : Question.Wrong(method, HtmlPages.TooLarge()));
        }
        routes.Otherwise(Host, _ => HtmlPages.NotFound());
    }

    public override Reply Refuse(Refusal refusal) => refusal.Status switch
    {
        200 or 429 => CodeforcesBody.Failed(refusal.Status, "Call limit exceeded"),
        401 => CodeforcesBody.Failed(400, "apiKey: Incorrect API key"),
        _ => base.Refuse(refusal),
    };

    private static Question Info(CodeforcesParameters parameters)
    {
        const string operation = "user.info";
        var handles = parameters.Text("handles")?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [];
        if (handles.Length == 0) return Wrong(operation, "handles: Field should not be empty");
        if (handles.Length > HighestHandles) return Wrong(operation, $"handles: Too many handles, at most {HighestHandles} are allowed");
        foreach (var handle in handles)
            if (SpellingFault(handle) is { } fault) return new Question(operation, handles, _ => CodeforcesBody.Failed(400, $"handles: {fault}"));
        var historic = parameters.Flag("checkHistoricHandles", whenAbsent: true);
        return new Question(operation, handles, know => CodeforcesBody.Info(handles, handle => know.World.Codeforces(handle, historic)));
    }

    private static Question Rating(CodeforcesParameters parameters) =>
        One("user.rating", parameters, CodeforcesBody.Rating);

    private static Question Status(CodeforcesParameters parameters)
    {
        var (from, count) = (parameters.Number("from") ?? 1, parameters.Number("count") ?? int.MaxValue);
        if (from < 1) return Wrong("user.status", "from: Field should be at least 1");
        if (count < 1) return Wrong("user.status", "count: Field should be at least 1");
        return One("user.status", parameters, profile => CodeforcesBody.Status(profile, from, count));
    }

    private static Question One(string operation, CodeforcesParameters parameters, Func<CodeforcesProfile, Reply> answer)
    {
        var handle = parameters.Text("handle");
        if (string.IsNullOrEmpty(handle)) return Wrong(operation, "handle: Field should not be empty");
        if (SpellingFault(handle) is { } fault) return Question.About(operation, handle, _ => CodeforcesBody.Failed(400, $"handle: {fault}"));
        return Question.About(operation, handle, know => know.World.Codeforces(handle) is { } profile
            ? answer(profile) with { Keys = KeyAnswer.Found }
            : CodeforcesBody.NotFound("handle", handle) with { Keys = KeyAnswer.Missing });
    }

    private static Question Wrong(string operation, string comment) => Question.Wrong(operation, CodeforcesBody.Failed(400, comment));

    private static string? SpellingFault(string handle) =>
        !HandleRules.HasHandleLetters(handle) ? "Field should contain only Latin letters, digits, underscore or dash characters"
        : HandleRules.IsValid(Platforms.Codeforces, handle) ? null : "Field should contain between 3 and 24 characters, inclusive";
}
