using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace OrleansBulk.Jobs;

/// <summary>A request for a job, as somebody sent it.</summary>
/// <param name="Spec">What the workload is to do; its own affair.</param>
/// <param name="Mode">Null: high-performance.</param>
/// <param name="MaxConcurrency">Calls at once; null: what the mode says.</param>
/// <param name="IdempotencyKey">The same key again gets the same job.</param>
public sealed record JobRequest(string Workload, JsonElement Spec, JobMode? Mode, int? MaxConcurrency, string? IdempotencyKey);

/// <summary>Takes jobs in: checks what was asked for, stores it and wakes the grain. A job that is stored will run, whatever happens to whoever took it in.</summary>
public sealed class JobIntake(JobEngine engine, JobStore jobs, IGrainFactory grains, ILogger<JobIntake> log)
{
    public const int MaxConcurrency = 1000;
    public const int MaxKeyLength = 200;

    /// <summary>Checks and stores a job.</summary>
    /// <param name="createdBy">Who asked.</param>
    public async Task<AcceptReply> AcceptAsync(JobRequest request, string createdBy, CancellationToken cancellationToken)
    {
        var (spec, problem) = await CheckAsync(request, cancellationToken);
        return spec is null ? new JobRejected(problem!) : await StoreAsync(request, spec, createdBy, cancellationToken);
    }

    /// <summary>What the job would do; nothing is written. The problem instead when the request is wrong.</summary>
    public async Task<(JobForecast? Forecast, string? Problem)> PreviewAsync(JobRequest request, CancellationToken cancellationToken)
    {
        var (spec, problem) = await CheckAsync(request, cancellationToken);
        if (problem is not null)
        {
            return (null, problem);
        }

        var mode = request.Mode ?? JobMode.HighPerformance;
        return (await engine.Find(request.Workload)!.ForecastAsync(spec!, mode, request.MaxConcurrency ?? mode.Concurrency(), cancellationToken), null);
    }

    private async Task<AcceptReply> StoreAsync(JobRequest request, SpecAccepted spec, string createdBy, CancellationToken cancellationToken)
    {
        var mode = request.Mode ?? JobMode.HighPerformance;
        var concurrency = request.MaxConcurrency ?? mode.Concurrency();
        var job = new NewJob(Guid.CreateVersion7(engine.Time.GetUtcNow()), request.Workload, spec, mode, concurrency, request.IdempotencyKey, Hash(request.Workload, spec, mode, concurrency), createdBy);
        var reply = await jobs.AcceptAsync(job, cancellationToken);
        if (reply is JobTaken { IsNew: true })
        {
            await BeginAsync(job.Id, job.Workload, createdBy);
        }

        return reply;
    }

    /// <summary>Begins a job that was just stored.</summary>
    public async Task BeginAsync(Guid id, string workload, string createdBy)
    {
        JobIntakeLog.Accepted(log, id, workload, createdBy);
        try
        {
            await grains.Job(id).WakeAsync();
        }
        catch (Exception error)
        {
            JobIntakeLog.WakeLater(log, error, id); // the job is stored and will run: the supervisor finds it
        }
    }

    private async Task<(SpecAccepted? Spec, string? Problem)> CheckAsync(JobRequest request, CancellationToken cancellationToken)
    {
        if (engine.Find(request.Workload) is not { } workload)
        {
            return (null, $"There is no workload '{request.Workload}'. Known are: {string.Join(", ", engine.Workloads)}.");
        }

        if (request.MaxConcurrency is < 1 or > MaxConcurrency)
        {
            return (null, $"maxConcurrency is {request.MaxConcurrency}; it must be 1 to {MaxConcurrency}. Leave it out for 100 (high-performance) or 10 (standard).");
        }

        if (CheckKey(request.IdempotencyKey) is { } badKey)
        {
            return (null, badKey);
        }

        return await workload.CheckAsync(request.Spec, cancellationToken) switch
        {
            SpecAccepted accepted => (accepted, null),
            SpecRejected rejected => (null, rejected.Problem),
            var other => throw new InvalidOperationException($"{other.GetType().Name} is no spec check."),
        };
    }

    /// <summary>What is wrong with an idempotency key, in a sentence; null when it is good, or there is none.</summary>
    public static string? CheckKey(string? key) => key is not null && (key.Length is 0 or > MaxKeyLength || key.Any(char.IsControl))
        ? $"The idempotency key has {key.Length} characters; it must have 1 to {MaxKeyLength} and no control characters."
        : null;

    private static string Hash(string workload, SpecAccepted spec, JobMode mode, int concurrency)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Add(workload);
        Add(spec.Spec);
        Add(mode.Wire());
        Add(concurrency.ToString());
        foreach (var input in spec.Inputs ?? [])
        {
            Add(input.Value);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Add(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + '\n'));
    }
}

internal static partial class JobIntakeLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Job {JobId} ({Workload}): accepted from {CreatedBy}.")]
    public static partial void Accepted(ILogger log, Guid jobId, string workload, string createdBy);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Job {JobId} is stored but could not be started at once; the supervisor starts it.")]
    public static partial void WakeLater(ILogger log, Exception error, Guid jobId);
}
