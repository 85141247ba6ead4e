namespace OrleansBulk.Web.Health;

/// <summary>One thing that must answer before this Web can do its work. Register as many as there are: <c>services.AddSingleton&lt;IReadinessProbe, GrainProbe&gt;()</c>.</summary>
public interface IReadinessProbe
{
    /// <summary>One word, the member's name in the answer of <c>/readyz</c>: <c>database</c>, <c>grains</c>.</summary>
    string Name { get; }

    /// <summary>Asks once. The token ends after <see cref="Readiness.Patience"/>; a probe may throw, which counts as not ready.</summary>
    /// <returns>Null when ready, else a sentence that says what is wrong. It is shown to anybody, so it names no host and no secret.</returns>
    Task<string?> CheckAsync(CancellationToken cancellationToken);
}
