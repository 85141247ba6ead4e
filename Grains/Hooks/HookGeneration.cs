using System.Runtime.CompilerServices;
using System.Text.Json;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks;

/// <summary>
/// The workload <c>hook-generation</c>: one item is one model's generation; each hook it yields is an item for each judge, which joins the job when the hook's text is
/// whole, while the model still writes the next one.
/// </summary>
public sealed class HookGeneration(HookModels models, ModelClients clients, ChatDesk desk, Database database, TimeProvider time) : IWorkload
{
    public const string WorkloadName = "hook-generation";

    public string Name => WorkloadName;

    public Task<SpecCheck> CheckAsync(JsonElement spec, CancellationToken cancellationToken) => Task.FromResult(HookSpec.Check(spec, models));

    public Task<JobForecast> ForecastAsync(SpecAccepted spec, JobMode mode, int concurrency, CancellationToken cancellationToken)
    {
        var read = HookSpec.Parse(spec.Spec);
        var calls = read.Models.ToDictionary(model => model, _ => 1L);
        foreach (var judge in read.Judges)
        {
            calls[judge] = calls.GetValueOrDefault(judge) + read.HooksWanted;
        }

        var cost = read.Models.Sum(model => MostOf(model, HookAsks.Write(read, read.HooksPerModel, [])))
            + read.Judges.Sum(judge => read.HooksWanted * MostOf(judge, HookAsks.Judge(read, read.Models[0], 1, new string('x', HookAsks.UsualHook))));
        return Task.FromResult(new JobForecast(read.Models.Count + ((long)read.HooksWanted * read.Judges.Count), 0, 0, 0, calls, null, null, Math.Round(cost, 6)));

        decimal MostOf(string model, ChatAsk ask)
        {
            var asked = ask.For(models.Find(model)!);
            return models.Find(model)!.CostOf(new ChatUsage(asked.Weight - asked.MaxTokens, asked.MaxTokens));
        }
    }

    public Task<long?> ExpectAsync(Guid jobId, string spec, CancellationToken cancellationToken) => Task.FromResult<long?>(HookSpec.Parse(spec).Models.Count);

    public async IAsyncEnumerable<PlannedItem> PlanAsync(Guid jobId, string spec, string? after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var asked = HookSpec.Parse(spec).Models;
        for (var i = after is null ? 0 : int.Parse(after) + 1; i < asked.Count; i++)
        {
            yield return HookItem.Generation(asked[i], i.ToString());
        }
    }

    public IWorkloadRun Start(JobTicket job)
    {
        var spec = HookSpec.Parse(job.Spec);
        return new HookGenerationRun(job, spec, models, clients, desk, new RunPurse(database, job.Id, job.Epoch, spec.Budget), database, time);
    }
}
