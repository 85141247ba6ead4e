namespace OrleansBulk.Hooks;

/// <summary>Counts how far a run is, for its news. Items write, each under the lock.</summary>
internal sealed class HookTally(HookSpec spec)
{
    private readonly Lock _sync = new();
    private readonly Dictionary<string, (int Written, bool? Failed)> _models = spec.Models.ToDictionary(model => model, _ => (0, (bool?)null));
    private readonly HashSet<(string Model, int No)> _judged = [];
    private readonly HashSet<(string Model, int No, string Judge)> _evaluated = [];

    public HookProgress Written(string model, int written)
    {
        lock (_sync)
        {
            _models[model] = (written, null);
            return Now();
        }
    }

    public HookProgress Ended(string model, int written, bool failed)
    {
        lock (_sync)
        {
            _models[model] = (written, failed);
            return Now();
        }
    }

    public HookProgress Evaluated(string model, int no, string judge, bool scored)
    {
        lock (_sync)
        {
            _evaluated.Add((model, no, judge));
            if (scored)
            {
                _judged.Add((model, no));
            }

            return Now();
        }
    }

    public HookProgress Look()
    {
        lock (_sync)
        {
            return Now();
        }
    }

    private HookProgress Now() => new(
        spec.Models.Count, _models.Values.Count(model => model.Failed == false), _models.Values.Count(model => model.Failed == true), spec.HooksWanted,
        _models.Values.Sum(model => model.Written), _models.Values.Where(model => model.Failed is not null).Sum(model => spec.HooksPerModel - model.Written),
        spec.Judges.Count, _evaluated.Count, _judged.Count);
}
