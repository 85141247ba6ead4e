using System.Text.Json;
using OrleansBulk.Distribution;

namespace OrleansBulk.Web.Api;

/// <summary>The body of <c>POST /api/distributions</c>.</summary>
/// <param name="Count">14,400 when left out.</param>
/// <param name="Recipients">Names, each once; or <paramref name="RecipientCount"/> without names.</param>
/// <param name="AllowPartial">Takes what is there when fewer are unused.</param>
public sealed record DistributionBody(string Name, int? Count, IReadOnlyList<string>? Recipients, int? RecipientCount, bool? AllowPartial)
{
    /// <summary>The request, or the problem with it.</summary>
    internal static (DistributionRequest? Request, string? Problem) Read(JsonElement body)
    {
        DistributionBody? read;
        try
        {
            read = body.ValueKind == JsonValueKind.Object ? body.Deserialize<DistributionBody>(WireJson.Options) : null;
        }
        catch (JsonException)
        {
            read = null;
        }

        if (read is null)
        {
            return (null, "Send {\"name\": a text, \"count\": a number, \"recipients\": a list of texts or \"recipientCount\": a number, \"allowPartial\": true or false}.");
        }

        if (read.Recipients is null == read.RecipientCount is null)
        {
            return (null, "Send either recipients (a list of names) or recipientCount (a number).");
        }

        if (read.RecipientCount is < 1 or > DistributionRequest.MostRecipients)
        {
            return (null, $"recipientCount is {read.RecipientCount}; it must be 1 to {DistributionRequest.MostRecipients:N0}.");
        }

        var request = new DistributionRequest(
            read.Name, read.Count ?? DistributionRequest.DefaultCount, read.Recipients ?? DistributionRequest.Numbered(read.RecipientCount!.Value), read.AllowPartial ?? false);
        return request.Problem() is { } problem ? (null, problem) : (request, null);
    }
}
