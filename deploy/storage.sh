#!/bin/sh
# SeaweedFS as one process with an S3 gateway that knows one key and checks its signatures.
set -e
umask 077
cat > /tmp/s3.json <<JSON
{"identities": [{"name": "rural", "actions": ["Admin", "Read", "Write", "List", "Tagging"],
  "credentials": [{"accessKey": "${S3_ACCESS_KEY}", "secretKey": "${S3_SECRET_KEY}"}]}]}
JSON
exec weed server -dir=/data -s3 -s3.port=8333 -s3.config=/tmp/s3.json -volume.max=0 -master.volumeSizeLimitMB=1024
