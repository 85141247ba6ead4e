namespace OrleansBulk.Simulator;

// Named, unlike a file of top-level statements: its Program would be the third one that tests see.
internal static class Program
{
    public static Task Main(string[] args) => SimulatorApp.Build(args).RunAsync();
}
