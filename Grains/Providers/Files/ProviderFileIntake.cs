using Npgsql;
using OrleansBulk.Jobs;
using OrleansBulk.Storage;

namespace OrleansBulk.Providers.Files;

/// <summary>
/// Takes in files of providers: an upload is on its disk, and a job that will load it in the database, before anything is answered. A file in the folder stays where it is.
/// </summary>
public sealed class ProviderFileIntake(Database database, JobIntake jobs, ProviderFileOptions options, TimeProvider time)
{
    /// <summary>Where an upload is kept until it is loaded.</summary>
    internal static string UploadOf(ProviderFileOptions options, Guid id) => Path.Combine(options.UploadFolder, $"{id:N}.upload");

    /// <summary>Receives an upload and starts its load.</summary>
    /// <param name="name">What people call the file.</param>
    /// <exception cref="NotNppesFileException">It is none, or is broken. Nothing of it is kept.</exception>
    /// <exception cref="IOException">It could not be written to its disk: full, say.</exception>
    public async Task<AcceptedFile> UploadAsync(Stream body, string name, ProviderFileChoice choice, string createdBy, CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7(time.GetUtcNow());
        var kept = UploadOf(options, id);
        Directory.CreateDirectory(options.UploadFolder);
        try
        {
            await WriteAsync(kept, to => body.CopyToAsync(to, cancellationToken), cancellationToken);
            return await AcceptAsync(id, kept, name, null, choice, createdBy, cancellationToken);
        }
        catch (Exception error) when (error is not NpgsqlException)
        {
            File.Delete(kept); // whether the job was stored when the database broke is not known: then upkeep looks after the file
            throw;
        }
    }

    /// <summary>Starts the load of a file below the folder. The sentence instead when there is no such file.</summary>
    /// <exception cref="NotNppesFileException">It is none, or is broken.</exception>
    public async Task<(AcceptedFile? File, string? Problem)> LoadAsync(string path, ProviderFileChoice choice, string createdBy, CancellationToken cancellationToken)
    {
        var (full, problem) = FileFolder.Find(options.Folder, path);
        return full is null ? (null, problem) : (await AcceptAsync(Guid.CreateVersion7(time.GetUtcNow()), full, Path.GetFileName(path), path, choice, createdBy, cancellationToken), null);
    }

    private async Task<AcceptedFile> AcceptAsync(Guid id, string full, string name, string? path, ProviderFileChoice choice, string createdBy, CancellationToken cancellationToken)
    {
        (full, path) = await WithoutWorkbookAsync(id, full, path, cancellationToken);
        await using var opened = await OpenedFile.OpenAsync(full, cancellationToken);
        var header = await ReadHeaderAsync(opened, cancellationToken);
        var file = new FileInfo(full);
        var kind = header.Kind == FileKind.Providers ? ProviderFileSpec.Providers : ProviderFileSpec.Deactivations;
        var spec = new ProviderFileSpec(name, path, opened.Member, opened.Length, file.Length, file.LastWriteTimeUtc, kind, choice.Specialties, choice.States);
        await StoreAsync(id, spec, header.DataOffset, createdBy, CancellationToken.None); // whoever goes now leaves a load behind, not half of one
        await jobs.BeginAsync(id, ProviderFileLoad.WorkloadName, createdBy);
        return new AcceptedFile(id, spec);
    }

    /// <summary>A workbook is written out as CSV, which is then what is loaded.</summary>
    private async Task<(string Full, string? Path)> WithoutWorkbookAsync(Guid id, string full, string? path, CancellationToken cancellationToken)
    {
        var kept = UploadOf(options, id);
        await using (var opened = await OpenedFile.OpenAsync(full, cancellationToken))
        {
            if (!opened.IsWorkbook)
            {
                return (full, path);
            }

            if (opened.Length > DeactivationSheet.MostBytes) // in a zip: what the zip names, and no more is unpacked
            {
                throw new NotNppesFileException($"The workbook has {opened.Length:N0} bytes; the deactivation list of NPPES has far less than {DeactivationSheet.MostBytes:N0}.");
            }

            Directory.CreateDirectory(options.UploadFolder);
            var (workbook, csv) = (kept + ".xlsx", kept + ".csv");
            try
            {
                await WriteAsync(workbook, to => opened.Content.CopyToAsync(to, cancellationToken), cancellationToken); // a zip is read with seeks, which what is inside of one does not allow
                await using var read = File.OpenRead(workbook);
                await WriteAsync(csv, to => DeactivationSheet.WriteCsvAsync(read, to, cancellationToken), cancellationToken);
                File.Move(csv, kept, overwrite: true);
            }
            catch (InvalidDataException error)
            {
                throw new NotNppesFileException($"The zip is broken: {error.Message}", error);
            }
            finally
            {
                File.Delete(workbook);
                File.Delete(csv);
            }
        }

        return (kept, null);
    }

    private static async Task<FileHeader> ReadHeaderAsync(OpenedFile opened, CancellationToken cancellationToken)
    {
        try
        {
            return await FileHeader.ReadAsync(opened.Content, cancellationToken);
        }
        catch (InvalidDataException error)
        {
            throw new NotNppesFileException($"The zip is broken or was cut off: {error.Message.TrimEnd('.')}. Fetch it again.", error);
        }
    }

    private const string StartSql = """
        -- name: StartProviderFile
        INSERT INTO provider_files (job_id, next_offset, next_line) VALUES ($1, $2, 2)
        """;

    private async Task StoreAsync(Guid id, ProviderFileSpec spec, long dataOffset, string createdBy, CancellationToken cancellationToken)
    {
        await using var connection = await database.Interactive.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await JobStore.AcceptStagedAsync(connection, new StagedJob(id, ProviderFileLoad.WorkloadName, spec.Write(), ProviderFileSpec.ItemsOf(spec.Bytes), null, "staged", createdBy, time.GetUtcNow()), cancellationToken);
        await connection.Sql(StartSql).With(id).With(dataOffset).RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Writes a file and answers when it is on its disk.</summary>
    private static async Task WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 256 * 1024, FileOptions.Asynchronous);
        await write(file);
        await file.FlushAsync(cancellationToken);
        file.Flush(flushToDisk: true);
    }
}

/// <param name="Specialties">Taxonomy codes; empty: all.</param>
/// <param name="States">Two letters; empty: all.</param>
public sealed record ProviderFileChoice(IReadOnlyList<string> Specialties, IReadOnlyList<string> States);

/// <summary>A file whose load is stored and begun.</summary>
public sealed record AcceptedFile(Guid JobId, ProviderFileSpec Spec);
