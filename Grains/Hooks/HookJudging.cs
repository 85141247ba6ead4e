using OrleansBulk.Hooks.Models;
using OrleansBulk.Jobs;
using OrleansBulk.Upstreams;

namespace OrleansBulk.Hooks;

/// <summary>One judge's evaluation of one hook: an ask, and when the answer does not fit the schema one more that says so. Lives as long as its item is in the pump's memory.</summary>
internal sealed class HookJudging(HookWork work, HookItem target, string hook)
{
    private readonly string _judge = target.Judge!;
    private readonly int _no = target.No!.Value;
    private readonly HookModelOptions _options = work.Models.Find(target.Judge!)!;
    private readonly long _started = work.Time.GetTimestamp();
    private DateTimeOffset? _waitsSince; // when it first had to
    private HookSpending _spending = HookSpending.None;
    private (string Answer, string Problem)? _broken; // the first answer, when it did not fit

    public async Task<ItemOutcome> RunAsync(Item item, CancellationToken cancellationToken)
    {
        var cost = CallCost.None;
        while (true)
        {
            var ask = _broken is { } broken ? HookAsks.Repair(work.Spec, hook, broken.Answer, broken.Problem) : HookAsks.Judge(work.Spec, target.Model, _no, hook);
            var paid = await work.AskAsync(_judge, ask, item.Attempts, _ => { }, cancellationToken);
            var result = paid.Result;
            cost += result.Cost;
            _spending = _spending.With(_options, paid);
            if (result is not CallAnswered<ChatAnswer> { Value: var answer })
            {
                var (wait, cause, error) = work.End(_judge, result, ref _waitsSince);
                return ((ItemOutcome?)wait ?? Fail(cause!, error!, result.Attempts)) with { Cost = cost };
            }

            var (verdict, problem) = answer.End switch
            {
                ChatEnd.Declined => (null, "The judge declined to answer."),
                ChatEnd.Cut => (null, "The answer was cut off at the limit of tokens."),
                _ => Verdict.Read(answer.Text),
            };
            if (verdict is not null)
            {
                if (work.Spec.CacheFor > TimeSpan.Zero)
                {
                    await work.Desk.KeepAsync(_judge, ask, answer, cancellationToken);
                }

                return Succeed(verdict) with { Cost = cost };
            }

            if (_broken is not null)
            {
                return Fail($"{_judge}: verdict does not fit the schema", $"{problem} It was asked once more and did not do better.", item.Attempts + 1) with { Cost = cost };
            }

            _broken = (answer.Text, problem!);
        }
    }

    private ItemSucceeded Succeed(Verdict verdict)
    {
        work.Tally.Evaluated(target.Model, _no, _judge, scored: true);
        work.Tell(progress => HookNews.Judged(target.Model, _no, _judge, verdict.Score, null, progress));
        return new ItemSucceeded(Ended(verdict, null));
    }

    private ItemFailed Fail(string cause, string error, int attempts)
    {
        work.Tally.Evaluated(target.Model, _no, _judge, scored: false);
        work.Tell(progress => HookNews.Judged(target.Model, _no, _judge, null, error, progress));
        return new ItemFailed(cause, error, attempts, Result: Ended(null, error));
    }

    private EvaluationEnded Ended(Verdict? verdict, string? error) => new(
        target.Model, _no, _judge, verdict, _broken is null ? PromptFile.Judge.Version : PromptFile.Repair.Version, _broken is not null, _spending, work.Time.GetElapsedTime(_started), error, work.Time.GetUtcNow());
}
