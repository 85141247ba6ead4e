using System.Threading.Channels;
using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks;

/// <summary>
/// One model's generation, over restarts of the process and breaks of the stream: what is written is kept, and only what is missing is asked for. Lives as long as its item
/// is in the pump's memory.
/// </summary>
internal sealed class HookWriting(HookWork work, string model, IReadOnlyList<string> before)
{
    private const int MostShort = 2; // asks that bring fewer hooks than wanted, although nothing broke

    private readonly List<string> _written = [.. before];
    private readonly HookModelOptions _options = work.Models.Find(model)!;
    private readonly long _started = work.Time.GetTimestamp();
    private DateTimeOffset? _waitsSince; // when it first had to
    private HookSpending _spending = HookSpending.None;
    private TimeSpan? _firstHook;
    private int _short;
    private bool _told;

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var starting = StartAsync(item, cancellationToken);
        var wanted = work.Spec.HooksPerModel - _written.Count;
        if (wanted <= 0)
        {
            await starting;
            return Finish(CallCost.Spared);
        }

        var ask = HookAsks.Write(work.Spec, wanted, _written);
        var (paid, whole) = await AskAsync(item, ask, wanted, cancellationToken);
        var result = paid.Result;
        _spending = _spending.With(_options, paid);
        await starting;
        if (result is not CallAnswered<ChatAnswer> { Value: var answer })
        {
            var (wait, cause, error) = work.End(model, result, ref _waitsSince);
            return ((ItemOutcome?)wait ?? Fail(cause!, error!, result.Attempts)) with { Cost = result.Cost };
        }

        if (_written.Count == work.Spec.HooksPerModel)
        {
            if (whole == work.Spec.HooksPerModel && work.Spec.CacheFor > TimeSpan.Zero)
            {
                await work.Desk.KeepAsync(model, ask, answer, cancellationToken);
            }

            return Finish(result.Cost);
        }

        var brought = $"It wrote {_written.Count} of {work.Spec.HooksPerModel} hooks";
        return answer.End == ChatEnd.Declined ? Fail($"{model}: declined", $"{brought} and then declined: {Excerpt(answer.Text)}", result.Attempts) with { Cost = result.Cost }
            : ++_short < MostShort ? new ItemDeferred(TimeSpan.Zero, $"{model} wrote fewer hooks than it was asked for", result.Attempts) { Cost = result.Cost }
            : Fail($"{model}: too few hooks", $"{brought}{(answer.End == ChatEnd.Cut ? "; its answer was cut off at the limit of tokens" : "")}. The answer began with: {Excerpt(answer.Text)}", result.Attempts) with { Cost = result.Cost };
    }

    /// <summary>Asks, and hands each hook in as soon as it is whole. Answers how many this ask brought.</summary>
    private async Task<(PaidResult Paid, int Hooks)> AskAsync(Item item, ChatAsk ask, int wanted, CancellationToken cancellationToken)
    {
        var reader = new HookReader();
        var whole = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true }); // the call writes, the loop below reads
        long? shownAt = null;
        using var given = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var asking = AskAsync();
        var hooks = 0;
        try
        {
            await foreach (var hook in whole.Reader.ReadAllAsync(cancellationToken))
            {
                if (hooks < wanted)
                {
                    hooks++;
                    await HandInAsync(item, hook, cancellationToken);
                }
            }

            return (await asking, hooks);
        }
        catch
        {
            await given.CancelAsync(); // nobody takes what the model would write yet
            await asking.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            throw;
        }

        async Task<PaidResult> AskAsync()
        {
            try
            {
                return await work.AskAsync(model, ask, item.Attempts, Hear, given.Token);
            }
            finally
            {
                whole.Writer.Complete();
            }
        }

        void Hear(string piece)
        {
            foreach (var hook in reader.Read(piece))
            {
                whole.Writer.TryWrite(hook);
            }

            // As often as a watcher is told anything; a text that grows by a word is no news.
            if (work.Job.IsWatched() && !(work.Time.GetTimestamp() - shownAt < work.Time.TimestampFrequency / 5) && reader.Unfinished is { } text)
            {
                shownAt = work.Time.GetTimestamp();
                work.Job.Tell(HookNews.Writing(model, text));
            }
        }
    }

    /// <summary>Makes a hook durable together with its evaluations, then tells of it.</summary>
    private async Task HandInAsync(Item item, string hook, CancellationToken cancellationToken)
    {
        var no = _written.Count + 1;
        var write = new HookWritten(model, no, hook, PromptFile.Write.Version, work.Time.GetUtcNow());
        await work.Job.AdvanceAsync(item, new ItemAdvanced(write, [.. work.Spec.Judges.Select(judge => HookItem.Evaluation(model, no, judge))]), cancellationToken);
        _written.Add(hook);
        _firstHook ??= work.Time.GetElapsedTime(_started);
        work.Tally.Written(model, _written.Count);
        work.Tell(progress => HookNews.Written(model, no, hook, progress));
    }

    private async Task StartAsync(Item item, CancellationToken cancellationToken)
    {
        if (!_told)
        {
            _told = true;
            work.Tally.Written(model, _written.Count);
            work.Tell(progress => HookNews.Started(model, progress));
            await work.Job.AdvanceAsync(item, new ItemAdvanced(new GenerationStarted(model, PromptFile.Write.Version, work.Time.GetUtcNow())), cancellationToken);
        }
    }

    private ItemSucceeded Finish(CallCost cost)
    {
        work.Tally.Ended(model, _written.Count, failed: false);
        work.Tell(progress => HookNews.Finished(model, _written.Count, null, progress));
        return new ItemSucceeded(Ended(null)) { Cost = cost };
    }

    private ItemFailed Fail(string cause, string error, int attempts)
    {
        work.Tally.Ended(model, _written.Count, failed: true);
        work.Tell(progress => HookNews.Finished(model, _written.Count, error, progress));
        return new ItemFailed(cause, error, attempts, Result: Ended(error));
    }

    private GenerationEnded Ended(string? error) =>
        new(model, PromptFile.Write.Version, _spending, _firstHook, work.Time.GetElapsedTime(_started), error, work.Time.GetUtcNow());

    private static string Excerpt(string text) => CodingProfiles.ProfileText.Clean(text) ?? "nothing";
}
