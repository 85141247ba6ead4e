using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Chaos;

/// <summary>The service as a real process on a port of its own, to be killed and started again. It is called as anybody would call it: over HTTP with a key.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private const string Key = "bulk_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, string> _settings;
    private readonly StringBuilder _said = new();
    private readonly int _port = LastingPort.Next();
    private Process? _process;

    private ServiceProcess(Dictionary<string, string> settings)
    {
        _settings = settings;
        Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{_port}"), Timeout = TimeSpan.FromMinutes(2) };
        Http.DefaultRequestHeaders.Add("X-Api-Key", Key);
    }

    public HttpClient Http { get; }

    /// <summary>What it wrote to its console by now.</summary>
    public string Said
    {
        get
        {
            lock (_said)
            {
                return _said.ToString();
            }
        }
    }

    /// <param name="settings">As environment variables: <c>Upstreams__github__Limits</c>.</param>
    public static async Task<ServiceProcess> StartAsync(string connectionString, Uri simulator, params (string Name, string Value)[] settings)
    {
        var all = new Dictionary<string, string>
        {
            ["ConnectionStrings__Bulk"] = connectionString,
            ["Upstreams__SimulatorUrl"] = simulator.ToString(),
            ["BULK_API_KEY"] = Key,
            ["BULK_ADMIN_PASSWORD"] = "correct horse battery staple",
            ["Logging__LogLevel__Default"] = "Information",
        };
        foreach (var (name, value) in settings)
        {
            all[name] = value;
        }

        var service = new ServiceProcess(all);
        await service.StartAsync();
        return service;
    }

    /// <summary>Starts it and waits until it is ready.</summary>
    public async Task StartAsync()
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = AppContext.BaseDirectory };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "OrleansBulk.Web.dll"));
        start.ArgumentList.Add("--urls");
        start.ArgumentList.Add($"http://127.0.0.1:{_port}");
        foreach (var (name, value) in _settings)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.ErrorDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await UntilAsync("the service is ready", async () =>
        {
            Assert.False(_process.HasExited, $"The service ended by itself:\n{Said}");
            using var response = await Http.GetAsync("/readyz");
            return response.IsSuccessStatusCode;
        });
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and what the process makes of it.</summary>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", _process!.Id.ToString()]))
        {
            await kill.WaitForExitAsync();
        }

        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    /// <summary>Registers profiles of one platform.</summary>
    public async Task RegisterAsync(string platform, IEnumerable<string> handles)
    {
        using var response = await Http.PostAsJsonAsync("/api/coding-profiles", handles.Select(handle => new { platform, handle }));
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Starts to refresh all profiles of a platform.</summary>
    public async Task<Guid> RefreshAsync(string platform, int? maxConcurrency = null)
    {
        using var response = await Http.PostAsJsonAsync("/api/coding-profiles/admin/bulk-refresh", new { filter = new { platform }, maxConcurrency });
        var body = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, body);
        return JsonDocument.Parse(body).RootElement.GetProperty("id").GetGuid();
    }

    public Task<JsonElement> JobAsync(Guid id) => Http.GetFromJsonAsync<JsonElement>($"/api/jobs/{id}");

    public async Task<JsonElement> ProgressAsync(Guid id) => (await JobAsync(id)).GetProperty("progress");

    /// <summary>Waits for the end of a job; through restarts of the service, the database and whatever else.</summary>
    public async Task<JsonElement> EndAsync(Guid id, TimeSpan? patience = null)
    {
        var job = default(JsonElement);
        try
        {
            await UntilAsync($"job {id} ends", async () => (job = await JobAsync(id)).GetProperty("status").GetString() is "completed" or "failed" or "cancelled", patience);
            return job;
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message} It was last seen as {job}. The service said:\n{Said}");
        }
    }

    /// <summary>The ledger from rows: submitted, succeeded, failed, skipped, cancelled, pending, balanced.</summary>
    public Task<JsonElement> LedgerAsync(Guid id) => Http.GetFromJsonAsync<JsonElement>($"/api/jobs/{id}/ledger");

    public static async Task UntilAsync(string what, Func<Task<bool>> condition, TimeSpan? patience = null)
    {
        var started = Stopwatch.GetTimestamp();
        Exception? last = null;
        while (Stopwatch.GetElapsedTime(started) < (patience ?? Patience))
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException or JsonException)
            {
                last = error; // it is away at the moment
            }

            await Task.Delay(20);
        }

        throw new TimeoutException($"Waited {(patience ?? Patience).TotalSeconds:0} s in vain until {what}. {last?.Message}");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
        Http.Dispose();
    }

    private void Hear(string? line)
    {
        lock (_said)
        {
            _said.AppendLine(line);
        }
    }
}
