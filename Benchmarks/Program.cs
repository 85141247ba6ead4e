using OrleansBulk.Benchmarks;

return await CommandLine.RunAsync(args);
