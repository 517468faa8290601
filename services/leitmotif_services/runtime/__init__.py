"""What every service shares and none owns: configuration, errors, the gRPC server, admission, paging, logs."""
