using System.Net;
using System.Net.Sockets;
using Npgsql;
using OrleansBulk.Tests.Support;

namespace OrleansBulk.Tests.Web;

/// <summary>Stands between a program and its database, so that a test can take the database away and bring it back.</summary>
public sealed class DatabaseDoor : IAsyncDisposable
{
    private readonly string _host;
    private readonly int _port;
    private readonly int _own;
    private CancellationTokenSource _closing = new();
    private Task _passing;

    private DatabaseDoor(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        (_host, _port) = (settings.Host!, settings.Port);
        _own = LastingPort.Next();
        (settings.Host, settings.Port, settings.SslMode) = ("127.0.0.1", _own, SslMode.Disable);
        ConnectionString = settings.ConnectionString;
        _passing = PassAllAsync(Listen(), _closing.Token);
    }

    public string ConnectionString { get; }

    /// <summary>An open door to this database.</summary>
    public static DatabaseDoor To(string connectionString) => new(connectionString);

    /// <summary>Cuts every connection and refuses new ones.</summary>
    public async Task CloseAsync()
    {
        await _closing.CancelAsync();
        await _passing;
    }

    public void Open()
    {
        _closing.Dispose();
        _closing = new();
        _passing = PassAllAsync(Listen(), _closing.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _closing.Dispose();
    }

    private TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, _own);
        listener.Start();
        return listener;
    }

    private async Task PassAllAsync(TcpListener listener, CancellationToken closing)
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                passing.Add(PassAsync(await listener.AcceptTcpClientAsync(closing), closing));
            }
        }
        catch (OperationCanceledException)
        {
            listener.Stop();
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(TcpClient inside, CancellationToken closing)
    {
        using var outside = new TcpClient { NoDelay = true };
        using (inside)
        {
            inside.NoDelay = true;
            inside.LingerState = new(true, 0); // cut, as by a machine that is gone
            try
            {
                await outside.ConnectAsync(_host, _port, closing);
                await await Task.WhenAny(
                    inside.GetStream().CopyToAsync(outside.GetStream(), closing), outside.GetStream().CopyToAsync(inside.GetStream(), closing));
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or IOException)
            {
                // the door was closed, or one side hung up
            }
        }
    }
}
