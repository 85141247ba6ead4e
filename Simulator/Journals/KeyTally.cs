namespace OrleansBulk.Simulator.Journals;

/// <summary>How often one key was asked and answered; written by calls with interlocked adds.</summary>
internal sealed class KeyTally
{
    public int Asked;
    public int Answered;
    public int NotFound;
}
