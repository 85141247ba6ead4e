using System.Text;

namespace OrleansBulk.Hooks.Models;

/// <summary>A call that all who ask the same at the same time share. It goes on as long as one of them waits; who joins late is told at once what was said before.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "The token source has no timer; whoever leaves last may still hold it when the call has ended.")]
internal sealed class SharedAsk
{
    private readonly Lock _sync = new();
    private readonly StringBuilder _text = new();
    private readonly List<Action<string>> _listeners = [];
    private readonly CancellationTokenSource _nobody = new();
    private readonly TaskCompletionSource<PaidResult> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _waiting;
    private bool _over;

    /// <summary>Joins; false: it is over, or everybody has left.</summary>
    public bool TryJoin(Action<string> onText)
    {
        lock (_sync)
        {
            if (_over)
            {
                return false;
            }

            _waiting++;
            _listeners.Add(onText);
            if (_text.Length > 0)
            {
                onText(_text.ToString());
            }

            return true;
        }
    }

    /// <summary>Waits for the end on behalf of one who has joined.</summary>
    public async Task<PaidResult> WaitAsync(Action<string> onText, CancellationToken cancellationToken)
    {
        try
        {
            return await _done.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            Leave(onText);
        }
    }

    /// <summary>Makes the call; ends with it and never faults.</summary>
    public async Task RunAsync(Func<Action<string>, CancellationToken, Task<PaidResult>> call)
    {
        try
        {
            var result = await call(Say, _nobody.Token);
            Close();
            _done.TrySetResult(result);
        }
        catch (OperationCanceledException)
        {
            Close();
            _done.TrySetCanceled(CancellationToken.None);
        }
        catch (Exception error)
        {
            Close();
            _done.TrySetException(error);
        }
    }

    private void Say(string text)
    {
        lock (_sync)
        {
            _text.Append(text);
            foreach (var listener in _listeners)
            {
                listener(text);
            }
        }
    }

    private void Close()
    {
        lock (_sync)
        {
            _over = true;
        }
    }

    private void Leave(Action<string> onText)
    {
        lock (_sync)
        {
            _listeners.Remove(onText);
            if (--_waiting > 0 || _over)
            {
                return;
            }

            _over = true; // whoever asks from here on begins a call of their own
        }

        _nobody.Cancel();
    }
}
