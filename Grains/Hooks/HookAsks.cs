using OrleansBulk.Hooks.Models;

namespace OrleansBulk.Hooks;

/// <summary>What models are asked in a run: prompts with the run's texts as data.</summary>
internal static class HookAsks
{
    /// <summary>Characters of a hook as the prompt wants it.</summary>
    public const int UsualHook = 280;

    private const int HookTokens = 140; // 45 words in any language, with their tags
    private const int VerdictTokens = 400;
    private const double Imagination = 0.9;

    /// <param name="written">Hooks that are there already, from before a restart or a broken stream.</param>
    public static ChatAsk Write(HookSpec spec, int wanted, IReadOnlyList<string> written)
    {
        var (system, user) = PromptFile.Write.Fill(
            null, ("topic", spec.Topic), ("audience", spec.Audience), ("tone", spec.Tone), ("examples", spec.Examples), ("hooksWanted", wanted), ("alreadyWritten", written));
        return new ChatAsk(system, user, wanted * HookTokens, Imagination, null, Stream: true);
    }

    public static ChatAsk Judge(HookSpec spec, string model, int no, string hook)
    {
        var (system, user) = PromptFile.Judge.Fill(
            Verdict.Schema.Trim(), ("hook", hook), ("topic", spec.Topic), ("audience", spec.Audience), ("tone", spec.Tone), ("writtenBy", spec.Blind ? null : model), ("number", spec.Blind ? null : no));
        return new ChatAsk(system, user, VerdictTokens, 0, Verdict.Schema.Trim(), Stream: false);
    }

    public static ChatAsk Repair(HookSpec spec, string hook, string broken, string problem)
    {
        var (system, user) = PromptFile.Repair.Fill(
            Verdict.Schema.Trim(), ("hook", hook), ("topic", spec.Topic), ("audience", spec.Audience), ("tone", spec.Tone),
            ("brokenAnswer", broken.Cut(UsualHook * 4)), ("problem", problem));
        return new ChatAsk(system, user, VerdictTokens, 0, Verdict.Schema.Trim(), Stream: false);
    }
}
