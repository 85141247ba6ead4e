using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Primitives;
using OrleansBulk.Simulator.Calls;

namespace OrleansBulk.Simulator.Codeforces;

/// <summary>The parameters of a call, from its query or from its form; <c>;</c> and <c>%3B</c> are the same in both.</summary>
internal sealed class CodeforcesParameters(Func<string, StringValues> find)
{
    private const int HighestBodyBytes = 65_536;

    public static CodeforcesParameters FromQuery(HttpRequest request) => new(name => request.Query[name]);

    /// <summary>Null when the body is larger than 2^16 bytes. Parameters in the query count too.</summary>
    public static async Task<CodeforcesParameters?> FromFormAsync(HttpRequest request, CancellationToken cancellation)
    {
        if (await RequestBody.ReadAsync(request, HighestBodyBytes, cancellation) is not { } body) return null;
        var form = QueryHelpers.ParseQuery(body);
        return new CodeforcesParameters(name => form.TryGetValue(name, out var value) ? value : request.Query[name]);
    }

    public string? Text(string name) => find(name) is { Count: > 0 } values ? values[0] : null;

    public int? Number(string name) => int.TryParse(Text(name), out var number) ? number : null;

    public bool Flag(string name, bool whenAbsent) => bool.TryParse(Text(name), out var flag) ? flag : whenAbsent;
}
