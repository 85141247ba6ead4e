using System.Text;
using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Chat;

/// <summary>An answer that comes token by token, at the model's pace.</summary>
internal static class ChatReply
{
    public const string StreamType = "text/event-stream; charset=utf-8";

    /// <param name="frames">What goes over the wire with each token; the first and the last may hold more than their token.</param>
    public static Reply Streamed(IReadOnlyList<string> frames, ChatScenario chat, string model)
    {
        var body = new MemoryStream();
        var pieces = new List<ReplyPiece>(frames.Count);
        for (var i = 0; i < frames.Count; i++)
        {
            body.Write(Encoding.UTF8.GetBytes(frames[i]));
            pieces.Add(new ReplyPiece(At(chat, model, i), (int)body.Length));
        }
        return new Reply { Status = 200, ContentType = StreamType, Body = body.ToArray(), Pieces = pieces, Keys = KeyAnswer.Found };
    }

    /// <summary>The whole answer when its last token would have come.</summary>
    public static Reply Whole(Reply reply, int tokens, ChatScenario chat, string model) =>
        reply with { Pieces = [new ReplyPiece(At(chat, model, Math.Max(0, tokens - 1)), reply.Body.Length)], Keys = KeyAnswer.Found };

    private static TimeSpan At(ChatScenario chat, string name, int token)
    {
        var model = chat.Models.GetValueOrDefault(name);
        var pace = model?.TokensPerSecond ?? chat.TokensPerSecond;
        return TimeSpan.FromMilliseconds((model?.FirstTokenMs ?? chat.FirstTokenMs) + (pace > 0 ? 1000 / pace * token : 0));
    }
}
