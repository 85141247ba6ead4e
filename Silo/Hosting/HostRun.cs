using Microsoft.Extensions.Hosting;

namespace OrleansBulk.Hosting;

public static class HostRun
{
    /// <summary>Runs until Ctrl-C or SIGTERM. What keeps the process from starting ends it with its sentence on stderr; the log has the rest.</summary>
    /// <returns>The process's exit code: 0, or 1 when it could not start.</returns>
    public static async Task<int> RunToExitCodeAsync(this IHost host)
    {
        var lifetime = host.Services.GetRequiredService<IHostApplicationLifetime>();
        try
        {
            await host.StartAsync();
            await host.WaitForShutdownAsync();
            return Environment.ExitCode;
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return 0; // told to stop before it had started
        }
        catch (Exception error) when (!lifetime.ApplicationStarted.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
        finally
        {
            await ((IAsyncDisposable)host).DisposeAsync();
        }
    }
}
