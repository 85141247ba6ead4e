namespace OrleansBulk.Hooks;

/// <summary>How far a run is: writing counts 60 %, judging 40 %. Arithmetic only.</summary>
/// <param name="Models">Models asked.</param>
/// <param name="Finished">Models that have written all they were asked for.</param>
/// <param name="FailedModels">Models that have failed.</param>
/// <param name="HooksWanted">Over all models.</param>
/// <param name="Written">Hooks whose text is whole.</param>
/// <param name="Missing">Hooks that will not come, since their model has ended without them.</param>
/// <param name="Judges">Evaluations of each hook.</param>
/// <param name="Evaluated">Evaluations that have ended, well or not.</param>
/// <param name="Judged">Hooks with a score.</param>
public sealed record HookProgress(int Models, int Finished, int FailedModels, int HooksWanted, int Written, int Missing, int Judges, int Evaluated, int Judged)
{
    private const double GenerationShare = 60;
    private const double EvaluationShare = 40;

    public double Percent => HooksWanted == 0 ? 0 : Math.Round(
        (GenerationShare * (Written + Missing) / HooksWanted) + (EvaluationShare * (Evaluated + (double)(Missing * Judges)) / ((double)HooksWanted * Judges)), 1);

    public bool IsOver => Finished + FailedModels == Models && Evaluated == Written * Judges;

    /// <summary>What it came to, in words: <c>5 of 6 models, 24 of 25 hooks judged</c>.</summary>
    public string Summary => $"{Finished} of {Models} models, {Judged} of {Written} hooks judged";
}
