namespace OrleansBulk.Simulator.Calls;

/// <summary>The addresses of one upstream; every call to them goes through the <see cref="CallServer"/>.</summary>
internal sealed class UpstreamRoutes(IEndpointRouteBuilder endpoints, CallServer server, UpstreamDesk desk)
{
    /// <param name="host">First segment of the path: it stands for the host name of the real upstream.</param>
    public void Get(string host, string path, Func<HttpContext, Question> read) => Map(host, "GET", path, http => ValueTask.FromResult(read(http)));

    public void Post(string host, string path, QuestionReader read) => Map(host, "POST", path, read);

    public void Put(string host, string path, QuestionReader read) => Map(host, "PUT", path, read);

    /// <summary>Answers what no other address of the host does.</summary>
    public void Otherwise(string host, Func<HttpContext, Reply> answer) =>
        endpoints.Map($"/{host}/{{**rest}}", http => server.ServeAsync(http, desk, host, _ => ValueTask.FromResult(Question.Wrong("unknown", answer(http)))));

    private void Map(string host, string method, string path, QuestionReader read) =>
        endpoints.MapMethods($"/{host}/{path}", [method], http => server.ServeAsync(http, desk, host, read));
}
