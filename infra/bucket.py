"""The bucket that packages and templates are deployed from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from functions.errors import AwsUnavailable
from infra.deployment import Deployment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# S3 names buckets in this region by leaving the constraint out (CreateBucket, API reference).
_WITHOUT_CONSTRAINT = "us-east-1"
# DeleteObjects, API reference.
_DELETED_AT_ONCE = 1000


def make_bucket(s3: S3Client, deployment: Deployment) -> bool:
    """Make the deployment's bucket if there is none; whether it had to be made.

    Raises AwsUnavailable when the name is taken by another account: its name can be guessed, so it is never trusted.
    """
    if _is_ours(s3, deployment):
        return False
    region = deployment.settings.region
    place: Any = {} if region == _WITHOUT_CONSTRAINT else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        s3.create_bucket(Bucket=deployment.bucket, **place)
    except s3.exceptions.BucketAlreadyOwnedByYou:  # somebody's first deploy was a moment ahead of this one
        return False
    return True


def has_bucket(s3: S3Client, deployment: Deployment) -> bool:
    """Whether the deployment's bucket is there. Raises AwsUnavailable as `make_bucket` does."""
    return _is_ours(s3, deployment)


def upload(s3: S3Client, deployment: Deployment, key: str, content: bytes) -> bool:
    """Store content under a key that contains its hash, unless it is there already; whether it had to be sent."""
    if _exists(s3, deployment, key):
        return False
    owner = deployment.settings.account_id
    s3.put_object(Bucket=deployment.bucket, Key=key, Body=content, ExpectedBucketOwner=owner)
    return True


def template_url(deployment: Deployment, key: str) -> str:
    """The address CloudFormation reads a template from; always AWS's own form, also on this machine."""
    suffix = "amazonaws.com.cn" if deployment.settings.partition == "aws-cn" else "amazonaws.com"
    return f"https://s3.{deployment.settings.region}.{suffix}/{deployment.bucket}/{key}"


def delete_bucket(s3: S3Client, deployment: Deployment) -> None:
    """Empty and delete the bucket; nothing when there is none."""
    if not _is_ours(s3, deployment):
        return
    owner = deployment.settings.account_id
    # Of a bucket that somebody made versioned, every version and every mark of a deletion.
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=deployment.bucket, ExpectedBucketOwner=owner)
    for page in pages:
        found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
        _delete(s3, deployment, [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found])
    s3.delete_bucket(Bucket=deployment.bucket, ExpectedBucketOwner=owner)


def read(s3: S3Client, deployment: Deployment, key: str) -> bytes | None:
    """The content under this key; None when there is none."""
    try:
        found = s3.get_object(Bucket=deployment.bucket, Key=key, ExpectedBucketOwner=deployment.settings.account_id)
    except ClientError as error:
        if _status(error) == 404:
            return None
        raise
    return found["Body"].read()


def keys(s3: S3Client, deployment: Deployment, prefix: str = "") -> list[str]:
    """The keys that begin so, sorted."""
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=deployment.bucket, Prefix=prefix, ExpectedBucketOwner=deployment.settings.account_id
    )
    return sorted(found["Key"] for page in pages for found in page.get("Contents", []))


def delete(s3: S3Client, deployment: Deployment, some: Sequence[str]) -> None:
    """Delete what is under these keys."""
    for first in range(0, len(some), _DELETED_AT_ONCE):
        _delete(s3, deployment, [{"Key": key} for key in some[first : first + _DELETED_AT_ONCE]])


def _delete(s3: S3Client, deployment: Deployment, objects: Any) -> None:
    if not objects:
        return
    owner = deployment.settings.account_id
    answer = s3.delete_objects(
        Bucket=deployment.bucket, Delete={"Objects": objects, "Quiet": True}, ExpectedBucketOwner=owner
    )
    for error in answer.get("Errors", []):  # which come with status 200
        raise AwsUnavailable(f"{error.get('Key')} in bucket {deployment.bucket} is not deleted: {error.get('Message')}")


def _is_ours(s3: S3Client, deployment: Deployment) -> bool:
    try:
        s3.head_bucket(Bucket=deployment.bucket, ExpectedBucketOwner=deployment.settings.account_id)
    except ClientError as error:
        if _status(error) == 404:
            return False
        raise AwsUnavailable(
            f"bucket {deployment.bucket} cannot be used ({error}): it belongs to another account, or the credentials "
            f"may not read it; allow s3:ListBucket on it, or deploy under another stage name"
        ) from error
    return True


def _exists(s3: S3Client, deployment: Deployment, key: str) -> bool:
    try:
        s3.head_object(Bucket=deployment.bucket, Key=key, ExpectedBucketOwner=deployment.settings.account_id)
    except ClientError as error:
        if _status(error) == 404:
            return False
        raise
    return True


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
