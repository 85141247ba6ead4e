using OrleansBulk.Web.Accounts;

namespace OrleansBulk.Web.Pages.SystemPages.Users;

/// <summary>What an admin may do with a user, and how the pages speak of it.</summary>
/// <param name="Link">In the list.</param>
/// <param name="Question">Asked back before it is done; takes the user's name.</param>
/// <param name="Consequence">What it means for the user.</param>
public sealed record UserCommand(string Link, Func<string, string> Question, string Consequence, string Button)
{
    public const string Role = "role";
    public const string Disable = "disable";
    public const string Enable = "enable";
    public const string ResetPassword = "reset-password";

    private static readonly Dictionary<string, UserCommand> All = new()
    {
        [Role] = new("Role", name => $"Give {name} another role?", "Open sessions end: the new role holds from the next sign-in.", "Give this role"),
        [Disable] = new("Disable", name => $"Disable {name}?", "Nobody can sign in under this name any more, and open sessions end at once. Jobs that were started go on. It can be enabled again.", "Disable the user"),
        [Enable] = new("Enable", name => $"Enable {name}?", "The former password opens again.", "Enable the user"),
        [ResetPassword] = new("New password", name => $"Give {name} a new password?", "The former one opens no more, and open sessions end at once. The new one is made up and shown once.", "Make a new password"),
    };

    /// <summary>By its name in the address; null when there is none.</summary>
    public static UserCommand? Find(string verb) => All.GetValueOrDefault(verb);

    /// <summary>Those that make sense for the user now.</summary>
    public static IReadOnlyList<string> For(User user) => user.IsDisabled ? [Enable] : [Role, ResetPassword, Disable];
}
