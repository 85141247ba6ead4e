using OrleansBulk.Simulator.Calls;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Chat;

/// <summary>What both providers have in common: how a request is read, let in and answered. Their words and shapes differ.</summary>
internal abstract class ChatUpstream(string key) : Upstream(key)
{
    private const int LongestBody = 1 << 20;

    /// <summary>An error in the provider's words.</summary>
    protected abstract Reply Error(int status, string? code, string message);

    /// <summary>What is left, in the provider's headers.</summary>
    protected abstract IReadOnlyList<(string Name, string Value)> Headers(ChatAllowance allowance, DateTimeOffset now);

    protected abstract Reply Write(ChatRequest request, ChatTokens answer, ChatScenario chat);

    /// <summary>The frame that says in the middle of a stream that it went wrong.</summary>
    protected abstract string ErrorFrame { get; }

    /// <summary>What the provider answers when the fault asks for this status, in its own words; null: as every upstream does.</summary>
    public override Reply? Fail(Fault fault) => fault.Code == "html" ? null : fault.Status switch
    {
        null or >= 500 and not (502 or 504) => Error(fault.Status ?? 500, fault.Code, "The server had an error while processing your request. Sorry about that!"),
        502 or 504 => null,
        429 => Error(429, fault.Code ?? "rate_limit_exceeded", "Rate limit reached: billing and plan pages explain how to raise it."),
        { } status => Error(status, fault.Code, $"The request was refused ({fault.Code ?? status.ToString()})."),
    };

    public override Reply Refuse(Refusal refusal) => refusal.Cause switch
    {
        RefusalCause.RefusedToken => Error(401, null, "Incorrect API key provided."),
        _ when refusal.Status == 503 => base.Refuse(refusal),
        _ => Error(refusal.Status, "rate_limit_exceeded", "Rate limit reached."),
    };

    protected async ValueTask<Question> ReadAsync(HttpContext http)
    {
        var token = CallServer.Token(http.Request);
        if (token is null) return Question.Wrong("chat", Error(401, null, "You did not provide an API key."));
        if (await RequestBody.ReadAsync(http.Request, LongestBody, http.RequestAborted) is not { } body) return Question.Wrong("chat", Error(413, null, "The request is too large."));
        ChatRequest request;
        try
        {
            request = ChatRequest.Read(body);
        }
        catch (FormatException wrong)
        {
            return Question.Wrong("chat", Error(400, null, wrong.Message));
        }
        var (operation, key) = ChatMind.Name(request);
        return new Question(operation, [key], know => Answer(request, know))
        {
            Door = (rules, key, now) => LetIn(request, rules, key!, now),
            Faulty = (kind, know) => Faulty(kind, request, know),
            Charge = (fault, know) => Charge(fault, request, know),
        };
    }

    private DoorAnswer LetIn(ChatRequest request, UpstreamRules rules, string token, DateTimeOffset now)
    {
        var chat = rules.Scenario.Chat!;
        if (chat.Keys.GetValueOrDefault(token) is { Exhausted: true }) return new DoorAnswer(RefusalCause.OverQuota, OutOfMoney(), []);
        var allowance = rules.Chats!.Take(token, request.Model, Math.Max(request.PromptTokens, 1) + request.MaxTokens, now);
        var headers = Headers(allowance, now);
        if (allowance.EnoughIn <= TimeSpan.Zero) return new DoorAnswer(null, null, headers);
        var kind = allowance.Requests is { EnoughIn.Ticks: > 0 } ? "requests" : "tokens";
        var reply = Error(429, "rate_limit_exceeded", $"Rate limit reached for {request.Model} on {kind} per min. See the billing pages.")
            .With("retry-after", Math.Max(1, Math.Ceiling(allowance.EnoughIn.TotalSeconds)).ToString("0"));
        return new DoorAnswer(RefusalCause.OverLimit, reply, headers);
    }

    /// <summary>The account has no money left: asking again does not help.</summary>
    protected abstract Reply OutOfMoney();

    private Reply Answer(ChatRequest request, Knowledge know)
    {
        var chat = know.Rules.Scenario.Chat!;
        return chat.UnknownModels.Contains(request.Model)
            ? Error(404, "model_not_found", $"The model `{request.Model}` does not exist or you do not have access to it.")
            : Write(request, ChatTokens.Of(ChatMind.Answer(request, know.World.Seed), request.MaxTokens), chat);
    }

    /// <summary>A model that has begun writes to the end, whoever still listens.</summary>
    private static long Charge(FaultKind? fault, ChatRequest request, Knowledge know) =>
        know.Rules.Scenario.Chat!.UnknownModels.Contains(request.Model) ? 0
            : request.PromptTokens + ChatTokens.Of(fault == FaultKind.Babble ? ChatMind.Babble(request) : ChatMind.Answer(request, know.World.Seed), request.MaxTokens).Tokens.Count;

    private Reply? Faulty(FaultKind kind, ChatRequest request, Knowledge know)
    {
        var chat = know.Rules.Scenario.Chat!;
        return kind switch
        {
            FaultKind.Babble => Write(request, ChatTokens.Of(ChatMind.Babble(request), request.MaxTokens), chat),
            FaultKind.CutAnswer => Write(request, ChatTokens.Of(ChatMind.Answer(request, know.World.Seed), Math.Max(1, ChatRequest.Tokens(ChatMind.Answer(request, know.World.Seed)) / 2)) with { Cut = true }, chat),
            FaultKind.StreamError when Answer(request, know) is { Status: 200, Pieces.Count: > 1 } right => BrokenOff(right),
            _ => null,
        };
    }

    /// <summary>Half of the answer, then an error where the rest would be.</summary>
    private Reply BrokenOff(Reply right)
    {
        var half = right.Pieces[right.Pieces.Count / 2];
        byte[] body = [.. right.Body[..half.End].Span, .. System.Text.Encoding.UTF8.GetBytes(ErrorFrame)];
        return right with { Body = body, Keys = KeyAnswer.None, Pieces = [.. right.Pieces.Take(right.Pieces.Count / 2 + 1), half with { End = body.Length }] };
    }
}
