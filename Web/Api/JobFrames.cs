using System.Text;
using System.Text.Json;
using OrleansBulk.Jobs;

namespace OrleansBulk.Web.Api;

/// <summary>Events as they go over the wire (Server-Sent Events: WHATWG HTML, section 9.2).</summary>
internal static class JobFrames
{
    public static readonly byte[] Heartbeat = ": still here\n\n"u8.ToArray();

    /// <summary>First on every stream: how soon a browser comes back after a break.</summary>
    public static readonly byte[] Retry = "retry: 2000\n\n"u8.ToArray();

    public static byte[] Progress(JobProgress progress) => Event("progress", progress.Version, JobProgressView.Of(progress));

    public static byte[] Failure(JobItemFailed failed) => Event("failure", null, new { failed.Ordinal, failed.Key, failed.Cause, failed.Message });

    public static bool IsNews(byte[] frame) => frame.AsSpan().StartsWith("event: news"u8);

    /// <summary>What a job's workload tells, as a list: any number of news are one event.</summary>
    public static byte[] News(IEnumerable<string> news) => Encoding.UTF8.GetBytes($"event: news\ndata: [{string.Join(',', news)}]\n\n");

    public static byte[] Done(JobView job) => Event("done", null, job);

    /// <summary>The job was deleted while it was watched.</summary>
    public static byte[] Gone(Guid id) => Event("done", null, new { id, status = "deleted" });

    private static byte[] Event(string name, long? id, object data)
    {
        var text = new StringBuilder();
        if (id is not null)
        {
            text.Append("id: ").Append(id).Append('\n');
        }

        text.Append("event: ").Append(name).Append('\n').Append("data: ").Append(JsonSerializer.Serialize(data, WireJson.Options)).Append("\n\n");
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
