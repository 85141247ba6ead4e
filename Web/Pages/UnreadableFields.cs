using Microsoft.AspNetCore.Mvc.ModelBinding;

namespace OrleansBulk.Web.Pages;

/// <summary>Fields of a form that hold something else than they should. Such a field must never count as left empty: what is left empty has a meaning of its own.</summary>
internal static class UnreadableFields
{
    /// <summary>Names the first one; null: all can be read.</summary>
    public static string? WhyUnreadable(this ModelStateDictionary state) =>
        state.IsValid ? null : $"The field '{state.First(entry => entry.Value!.Errors.Count > 0).Key}' cannot be read, so nothing was done. Correct it and try again.";
}
