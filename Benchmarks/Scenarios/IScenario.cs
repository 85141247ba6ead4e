using OrleansBulk.Benchmarks.Support;

namespace OrleansBulk.Benchmarks.Scenarios;

/// <summary>One promise about speed, or a few that are measured together.</summary>
internal interface IScenario
{
    string Name { get; }

    /// <summary>What is measured and what is promised, in a line.</summary>
    string Summary { get; }

    Task<ScenarioResult> RunAsync(Bench bench);
}
