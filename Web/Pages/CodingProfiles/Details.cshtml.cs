using System.Text.Json;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.CodingProfiles;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Pages.Charts;

namespace OrleansBulk.Web.Pages.CodingProfiles;

/// <summary>One profile as its platform described it last, and how it came to be so. An operator can have it asked for anew.</summary>
public sealed class DetailsModel(ProfileStore profiles, ProfileReader reader, IAuthorizationService authorization, AuditLog audit, TimeProvider time) : PageModel
{
    private const int MostChanges = 500;

    [BindProperty(SupportsGet = true)]
    public string Platform { get; set; } = "";

    [BindProperty(SupportsGet = true)]
    public string Handle { get; set; } = "";

    public ProfileRow Profile { get; private set; } = null!;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ProfileChange> Changes { get; private set; } = [];

    public DateTimeOffset Now { get; private set; }

    public bool MayChange => Roles.AtLeast(Roles.Operator).Any(User.IsInRole);

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken)
    {
        if (await FindAsync(cancellationToken) is not { } profile)
        {
            return NotFound();
        }

        (Profile, Now) = (profile, time.GetUtcNow());
        Changes = await profiles.ReadHistoryAsync(profile.Id, MostChanges, cancellationToken);
        return Page();
    }

    public async Task<IActionResult> OnPostAsync(CancellationToken cancellationToken)
    {
        if (!(await authorization.AuthorizeAsync(User, Policies.Operator)).Succeeded)
        {
            return Forbid();
        }

        if (await FindAsync(cancellationToken) is not { } profile)
        {
            return NotFound();
        }

        var reading = await reader.ReadAsync(profile.Platform, profile.Handle, TimeSpan.Zero, cancellationToken);
        await audit.WriteAsync(User.ActorName(), "profile.refresh", $"{profile.Platform}/{profile.Handle}", null);
        TempData.SetStatus(reading switch
        {
            ProfileRead { Profile.State: "missing" } => $"{profile.Platform} knows no such handle.",
            ProfileRead => $"{profile.Platform} was asked, and this is what it said.",
            ProfileUnavailable later => $"{profile.Platform} could not be asked now: {later.Reason.TrimEnd('.')}. Try again in {PageWords.Rough(later.AskAgainAfter)}.",
            _ => "The profile was deleted in this moment.",
        });
        return RedirectToPage(new { platform = profile.Platform, handle = profile.Handle });
    }

    /// <summary>Its figures over time, oldest first; those that changed at least once.</summary>
    public IEnumerable<LineChart> Charts()
    {
        foreach (var (title, unit, kind, of) in new (string, string, string, Func<ProfileChange, int?>)[] { ("Rating", "points", "finished", change => change.Rating), ("Problems solved", "problems", "inflight", change => change.SolvedTotal) })
        {
            var points = Changes.Reverse().Where(change => of(change) is not null).Select(change => new ChartPoint(change.At, of(change)!.Value)).ToList();
            if (points.Count > 1)
            {
                yield return LineChart.Of(title, unit, kind, points, fromNothing: false);
            }
        }
    }

    /// <summary>What else the platform said: names and plain values, nested ones with both names.</summary>
    public IEnumerable<(string Name, string Value)> Said()
    {
        using var said = JsonDocument.Parse(Profile.Details ?? "{}");
        foreach (var member in said.RootElement.EnumerateObject())
        {
            foreach (var (name, value) in member.Value.ValueKind == JsonValueKind.Object ? member.Value.EnumerateObject().Select(inner => ($"{ProfileText.Name(member.Name)}: {inner.Name}", inner.Value)) : [(ProfileText.Name(member.Name), member.Value)])
            {
                yield return (name, Plain(value));
            }
        }
    }

    private Task<ProfileRow?> FindAsync(CancellationToken cancellationToken) =>
        (Platform + Handle).Any(char.IsControl) ? Task.FromResult<ProfileRow?>(null) : profiles.FindAsync(Platform.ToLowerInvariant(), Handle, cancellationToken);

    private static string Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String when value.TryGetDateTimeOffset(out var at) => PageWords.Exact(at),
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Number when value.TryGetInt64(out var number) => PageWords.Number(number),
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Plain)),
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        _ => value.GetRawText(),
    };
}
