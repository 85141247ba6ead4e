using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrleansBulk.Benchmarks.Support;

/// <summary>The service as everybody runs it: Web in a process of its own, called over HTTP with a key.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    public const string Key = "bulk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    public const string AdminPassword = "correct horse battery staple";

    private readonly ChildProcess _process;
    private readonly BenchDatabase _database;

    private ServiceProcess(ChildProcess process, BenchDatabase database, Uri address)
    {
        _process = process;
        _database = database;
        Address = address;
        Http = new HttpClient { BaseAddress = address, Timeout = TimeSpan.FromMinutes(2) };
        Http.DefaultRequestHeaders.Add("X-Api-Key", Key);
    }

    public Uri Address { get; }

    public HttpClient Http { get; }

    /// <summary>Memory that the service holds now, in bytes.</summary>
    public long WorkingSet => _process.WorkingSet;

    /// <param name="settings">As environment variables: <c>Upstreams__github__Limits</c>.</param>
    public static async Task<ServiceProcess> StartAsync(BenchDatabase database, SimulatorProcess simulator, params (string Name, string Value)[] settings)
    {
        var address = new Uri($"http://127.0.0.1:{ChildProcess.FreePort()}/");
        var start = ChildProcess.Dotnet("OrleansBulk.Web.dll", "--urls", address.ToString());
        start.Environment["ConnectionStrings__Bulk"] = database.ConnectionString;
        start.Environment["Upstreams__SimulatorUrl"] = simulator.Address.ToString();
        start.Environment["BULK_API_KEY"] = Key;
        start.Environment["BULK_ADMIN_PASSWORD"] = AdminPassword;
        start.Environment["Logging__LogLevel__Default"] = "Information";
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var service = new ServiceProcess(new ChildProcess(start), database, address);
        await service._process.UntilAnswersAsync(service.Http, "readyz");
        return service;
    }

    /// <summary>Refreshes all profiles of an owner, and is answered when the job is done: as a caller sees it who has nothing to do but wait.</summary>
    public async Task<FinishedJob> RefreshAsync(string owner)
    {
        var started = Stopwatch.GetTimestamp();
        using var response = await Http.PostAsJsonAsync("api/coding-profiles/admin/bulk-refresh?wait=60", new { filter = new { owner }, maxConcurrency = 100 });
        var took = Stopwatch.GetElapsedTime(started);
        var body = await response.Content.ReadAsStringAsync();
        return response.StatusCode == HttpStatusCode.OK
            ? await FinishedAsync(JsonDocument.Parse(body).RootElement.GetProperty("id").GetGuid(), took)
            : throw new InvalidOperationException($"The refresh did not complete: {body}");
    }

    public async Task CommandAsync(Guid id, string command)
    {
        using var response = await Http.PostAsync($"api/jobs/{id}/{command}", null);
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"{command} was refused: {await response.Content.ReadAsStringAsync()}");
        }
    }

    public async Task WhenDoneAsync(Guid id)
    {
        while (true)
        {
            switch (await _database.QueryAsync<string>("SELECT status FROM jobs WHERE id = $1", id))
            {
                case "completed":
                    return;
                case "failed" or "cancelled":
                    throw new InvalidOperationException($"The job did not complete: {await Http.GetStringAsync($"api/jobs/{id}")}");
                default:
                    await Task.Delay(5);
                    break;
            }
        }
    }

    private async Task<FinishedJob> FinishedAsync(Guid id, TimeSpan observed)
    {
        var job = await Http.GetFromJsonAsync<JsonElement>($"api/jobs/{id}");
        if (job.GetProperty("status").GetString() != "completed")
        {
            throw new InvalidOperationException($"The job did not complete: {job}");
        }

        var progress = job.GetProperty("progress");
        var ledger = await Http.GetFromJsonAsync<JsonElement>($"api/jobs/{id}/ledger");
        return ledger.GetProperty("balanced").GetBoolean()
            ? new FinishedJob(
                id,
                observed,
                job.GetProperty("finishedAt").GetDateTimeOffset() - job.GetProperty("startedAt").GetDateTimeOffset(),
                progress.GetProperty("succeeded").GetInt64(),
                progress.GetProperty("failed").GetInt64(),
                progress.GetProperty("callsMade").GetInt64(),
                progress.GetProperty("callsAvoided").GetInt64())
            : throw new InvalidOperationException($"The ledger of {id} is not balanced: {ledger}");
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _process.DisposeAsync();
    }
}

/// <param name="Observed">From the request for the job until the answer that it is completed, as a caller sees it.</param>
/// <param name="InDatabase">From <c>started_at</c> to <c>finished_at</c>.</param>
internal sealed record FinishedJob(Guid Id, TimeSpan Observed, TimeSpan InDatabase, long Succeeded, long Failed, long CallsMade, long CallsAvoided);
