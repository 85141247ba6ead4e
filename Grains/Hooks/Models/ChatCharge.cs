namespace OrleansBulk.Hooks.Models;

/// <summary>
/// Whether the provider may charge for an ask. It may from the moment the request goes out, since a model works on it even where nobody gets the answer (a time-out, a
/// body that is cut off or cannot be read); it does not when the API refused. Written by one call at a time.
/// </summary>
internal sealed class ChatCharge
{
    public bool IsDue { get; private set; }

    public void Sent() => IsDue = true;

    public void Refused() => IsDue = false;
}
