using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using OrleansBulk.Upstreams;
using OrleansBulk.Web.Accounts;
using OrleansBulk.Web.Api;

namespace OrleansBulk.Web.Pages.Upstreams;

/// <summary>Lowers the limits of an upstream while jobs run, or raises them again up to what is configured.</summary>
[Authorize(Policies.Operator)]
public sealed class LimitsModel(UpstreamViews views) : PageModel
{
    internal const double Slowest = LoweredLimits.Slowest;

    [BindProperty(SupportsGet = true)]
    public string Name { get; set; } = "";

    public UpstreamView Upstream { get; private set; } = null!;

    /// <summary>What was typed and refused, to be corrected; null: nothing yet.</summary>
    public string? Concurrency { get; private set; }

    public string? CallsPerSecond { get; private set; }

    public string? Refusal { get; private set; }

    public async Task<IActionResult> OnGetAsync(CancellationToken cancellationToken) => await FindAsync(cancellationToken) ? Page() : NotFound();

    public async Task<IActionResult> OnPostAsync([FromForm] string? concurrency, [FromForm] string? callsPerSecond, [FromForm] bool reset, CancellationToken cancellationToken)
    {
        if (!await FindAsync(cancellationToken))
        {
            return NotFound();
        }

        var (calls, rate) = reset ? (null, null) : (ReadCalls(concurrency), ReadRate(callsPerSecond));
        Refusal ??= await views.SetLimitsAsync(Name, calls, rate, User.ActorName());
        if (Refusal is not null)
        {
            (Concurrency, CallsPerSecond, Response.StatusCode) = (concurrency, callsPerSecond, StatusCodes.Status400BadRequest);
            return Page();
        }

        await FindAsync(cancellationToken);
        TempData.SetStatus($"Limits of {Name}: {UpstreamWords.Limits(Upstream.InForce)}.");
        return RedirectToPage("Index");
    }

    private int? ReadCalls(string? text)
    {
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var calls))
        {
            return calls;
        }

        Refusal = $"Calls at once must be a whole number from 1 to {Upstream.Configured.Concurrency}.";
        return null;
    }

    private double? ReadRate(string? text)
    {
        if (Upstream.Configured.CallsPerSecond is null && string.IsNullOrEmpty(text))
        {
            return null;
        }

        if (double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate))
        {
            return rate;
        }

        Refusal ??= "Calls a second must be a number, such as 0.5.";
        return null;
    }

    private async Task<bool> FindAsync(CancellationToken cancellationToken)
    {
        if (await views.FindAsync(Name, cancellationToken) is not { } upstream)
        {
            return false;
        }

        Upstream = upstream;
        return true;
    }
}
