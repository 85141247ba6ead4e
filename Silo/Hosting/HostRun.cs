using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace OrleansBulk.Hosting;

public static class HostRun
{
    /// <summary>Runs until Ctrl-C or SIGTERM. What keeps the process from starting ends it with its sentence on stderr.</summary>
    /// <returns>The process's exit code: 0, or 1 when it could not start.</returns>
    public static async Task<int> RunToExitCodeAsync(this IHost host)
    {
        try
        {
            await host.RunAsync();
            return Environment.ExitCode;
        }
        catch (Exception error) when (error is SiloStartException or OptionsValidationException)
        {
            await Console.Error.WriteLineAsync(error.Message);
            return 1;
        }
    }
}
