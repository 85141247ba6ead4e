using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Health;

/// <summary>Ready when a grain answers: one is asked for a job that never was, and has to say so.</summary>
internal sealed class GrainProbe(IGrainFactory grains) : IReadinessProbe
{
    public string Name => "grains";

    public async Task<string?> CheckAsync(CancellationToken cancellationToken)
    {
        try
        {
            await grains.Job(Guid.Empty).GetProgressAsync();
            return "A grain knows a job that never was.";
        }
        catch (JobNotFoundException)
        {
            return null;
        }
    }
}
