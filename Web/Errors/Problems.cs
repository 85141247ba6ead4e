namespace OrleansBulk.Web.Errors;

/// <summary>
/// The ways to say no. Each takes one sentence that says what is wrong and what to do; further members of the problem may follow as pairs:
/// <c>Problems.BadRequest("Item 7 has no handle.", ("index", 7))</c>.
/// </summary>
public static class Problems
{
    /// <summary>400: the request itself is wrong; sending it again unchanged is no use.</summary>
    public static ProblemAnswer BadRequest(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status400BadRequest, sentence, null, more);

    /// <summary>401: nobody, or nobody known, is asking. Sets no <c>WWW-Authenticate</c>: the authentication schemes do.</summary>
    public static ProblemAnswer Unauthorized(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status401Unauthorized, sentence, null, more);

    /// <summary>403: known, but not allowed to do this.</summary>
    public static ProblemAnswer Forbidden(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status403Forbidden, sentence, null, more);

    /// <summary>404: what is named does not exist.</summary>
    public static ProblemAnswer NotFound(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status404NotFound, sentence, null, more);

    /// <summary>409: the state of the thing forbids it now.</summary>
    public static ProblemAnswer Conflict(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status409Conflict, sentence, null, more);

    /// <summary>413: more than is taken in one request.</summary>
    public static ProblemAnswer TooLarge(string sentence, params (string Name, object? Value)[] more) => new(StatusCodes.Status413PayloadTooLarge, sentence, null, more);

    /// <summary>415: sent in a format that is not read here.</summary>
    public static ProblemAnswer UnsupportedFormat(string sentence, params (string Name, object? Value)[] more) =>
        new(StatusCodes.Status415UnsupportedMediaType, sentence, null, more);

    /// <summary>503: not now; the same request may go well after <paramref name="retryAfter"/>.</summary>
    public static ProblemAnswer Unavailable(string sentence, TimeSpan retryAfter, params (string Name, object? Value)[] more) =>
        new(StatusCodes.Status503ServiceUnavailable, sentence, retryAfter, more);

    /// <summary>Any other status; used where the framework has chosen it.</summary>
    public static ProblemAnswer Other(int status, string sentence, params (string Name, object? Value)[] more) => new(status, sentence, null, more);
}
