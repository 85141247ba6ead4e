using OrleansBulk.Distribution;

namespace OrleansBulk.Web.Pages.Distribution;

/// <summary>What the forms of a distribution and of a schedule ask for alike.</summary>
public sealed class DistributionForm
{
    public string? Name { get; set; }

    public int Count { get; set; } = DistributionRequest.DefaultCount;

    /// <summary>One a line; empty when only their number is given.</summary>
    public string? Recipients { get; set; }

    public int? RecipientCount { get; set; }

    public bool AllowPartial { get; set; }

    /// <summary>The name of the schedule that is being changed; null: a new one.</summary>
    public string? Known { get; set; }

    /// <summary>The request, or the problem with it.</summary>
    public (DistributionRequest? Request, string? Problem) ToRequest()
    {
        var names = (Recipients ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (names.Length == 0 && RecipientCount is not (>= 1 and <= DistributionRequest.MostRecipients))
        {
            return (null, $"Name the recipients, one a line, or say how many there are (1 to {DistributionRequest.MostRecipients:N0}).");
        }

        var request = new DistributionRequest(Name?.Trim() ?? "", Count, names.Length > 0 ? names : DistributionRequest.Numbered(RecipientCount!.Value), AllowPartial);
        return request.Problem() is { } problem ? (null, problem) : (request, null);
    }
}
