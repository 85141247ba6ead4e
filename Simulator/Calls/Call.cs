using System.Globalization;
using OrleansBulk.Simulator.Journals;
using OrleansBulk.Simulator.Limits;
using OrleansBulk.Simulator.Scenarios;

namespace OrleansBulk.Simulator.Calls;

/// <summary>
/// One call from arrival to end, and what the journal learns of it. A call is over before its last byte is sent: a client that starts
/// the next one upon that byte must not be seen with two at once.
/// </summary>
internal sealed class Call(HttpContext http, UpstreamDesk desk, Journal journal, TimeProvider clock, long started)
{
    private readonly UpstreamJournal _journal = desk.Journal;
    private readonly Task _letGo = desk.LetGo;
    private Question? _question;
    private RefusalCause? _refusal;
    private string? _fault;
    private bool _working, _over;

    /// <summary>Timestamp of its arrival.</summary>
    public long Arrived { get; } = clock.GetTimestamp();

    /// <summary>Whole milliseconds from the start of the simulator to its arrival.</summary>
    public long ArrivedMs => (long)clock.GetElapsedTime(started, Arrived).TotalMilliseconds;

    /// <summary>Completes when no hold that was there when it came keeps its answer back.</summary>
    public Task LetGoAsync() => _letGo.WaitAsync(Leaving);

    /// <summary>Cancelled when the client goes away.</summary>
    public CancellationToken Leaving => http.RequestAborted;

    public void Arrive(string host, CallLimit? limit) =>
        _journal.Arrived(host, ArrivedMs, clock.GetUtcNow(), desk.Enter(), limit is null ? 0 : CallLimiter.LengthMs(limit));

    public void Ask(Question question, string? token)
    {
        _question = question;
        _journal.Asked(question, token);
    }

    public bool TryBeginWork(int most) => _working = desk.TryBeginWork(most);

    public void Strike(Fault fault) => _fault = Name(fault.Kind.ToString());

    public void Charge(long tokens) => _journal.Charged(tokens);

    public Task RefuseAsync(Refusal refusal, Reply reply)
    {
        _refusal = refusal.Cause;
        return SendAsync(reply, null, null);
    }

    /// <param name="timer">Keeps the pieces of the body to their times; null where there are none.</param>
    public async Task SendAsync(Reply reply, Fault? fault, LatencyTimer? timer)
    {
        if (fault?.Kind == FaultKind.Disconnect)
        {
            End(0);
            http.Abort();
            return;
        }
        var response = http.Response;
        response.StatusCode = reply.Status;
        if (reply.Status != StatusCodes.Status304NotModified)
        {
            response.ContentType = reply.ContentType;
            response.ContentLength = reply.Pieces.Count > 1 ? null : reply.Body.Length;
        }
        foreach (var (name, value) in reply.Headers) response.Headers.Append(name, value);
        if (reply.Pieces.Count > 0 && timer is not null) await SendPiecesAsync(reply, fault, timer);
        else await SendBodyAsync(reply, fault);
    }

    /// <summary>The client left before it had its answer.</summary>
    public void Abort()
    {
        if (!_over) End(0, "aborted");
        _journal.Aborted();
    }

    /// <summary>Ends a call that a defect of the simulator left open; true when there was one.</summary>
    public bool Close()
    {
        if (_over) return false;
        End(500, "failed");
        return true;
    }

    private async Task SendPiecesAsync(Reply reply, Fault? fault, LatencyTimer timer)
    {
        var output = http.Response.BodyWriter;
        var sent = 0;
        for (var i = 0; i < reply.Pieces.Count; i++)
        {
            var piece = reply.Pieces[i];
            await timer.WaitUntilAsync(Arrived + (long)(piece.At.TotalSeconds * clock.TimestampFrequency), Leaving);
            Leaving.ThrowIfCancellationRequested();
            if (fault?.Kind == FaultKind.CutBody && i >= reply.Pieces.Count / 2)
            {
                End(reply.Status);
                await Task.Delay(TimeSpan.FromMilliseconds(50), clock, Leaving); // what was sent is on its way
                http.Abort();
                return;
            }
            if (i == reply.Pieces.Count - 1)
            {
                End(reply.Status);
                _journal.Answered(_question!, reply);
            }
            await output.WriteAsync(reply.Body[sent..piece.End], i == reply.Pieces.Count - 1 ? CancellationToken.None : Leaving);
            sent = piece.End;
        }
        await http.Response.CompleteAsync();
    }

    private async Task SendBodyAsync(Reply reply, Fault? fault)
    {
        var body = reply.Body;
        var output = http.Response.BodyWriter;
        if (fault?.Kind == FaultKind.CutBody)
        {
            // Too few bytes for the announced length: Kestrel sends them and closes the connection. An abort would lose them on the way.
            End(reply.Status);
            if (body.Length > 1) await output.WriteAsync(body[..(body.Length / 2)], Leaving);
            else http.Abort();
            return;
        }
        if (fault?.Kind == FaultKind.SlowBody)
        {
            const int pieces = 10;
            var size = body.Length / pieces;
            for (var piece = 0; piece < pieces - 1; piece++)
            {
                await output.WriteAsync(body[..size], Leaving);
                body = body[size..];
                await Task.Delay(TimeSpan.FromMilliseconds(fault.DurationMs / (pieces - 1)), clock, Leaving);
            }
        }
        Leaving.ThrowIfCancellationRequested();
        End(reply.Status);
        _journal.Answered(_question!, reply);
        if (!body.IsEmpty) await output.WriteAsync(body, CancellationToken.None);
        await http.Response.CompleteAsync();
    }

    private void End(int status, string? ending = null)
    {
        _over = true;
        desk.Leave();
        if (_working) desk.EndWork();
        var cause = _refusal is { } refusal ? Name(refusal.ToString()) : _fault;
        _journal.Ended(status, _refusal, _fault);
        journal.Recent.Add(new JournalCall(0, clock.GetUtcNow() - clock.GetElapsedTime(Arrived), Math.Round(clock.GetElapsedTime(started, Arrived).TotalMilliseconds, 3),
            desk.Upstream.Key, _question?.Operation ?? "unknown", http.Request.Path.Value ?? "", _question?.Keys.Count ?? 0, _question is { Keys: [var first, ..] } ? first : null,
            status, Math.Round(clock.GetElapsedTime(Arrived).TotalMilliseconds, 3),
            ending ?? (_refusal is not null ? "refused" : _fault is not null ? "fault" : "answered"), cause));
    }

    private static string Name(string value) => char.ToLower(value[0], CultureInfo.InvariantCulture) + value[1..];
}
